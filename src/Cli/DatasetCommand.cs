using System.CommandLine;

namespace Sharpformer.Cli;

/// <summary><c>dataset</c>: edit sets as files, without any model.</summary>
internal static class DatasetCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("dataset", "See what is in a file of edits, and write it in another layout.")
    {
        DatasetInfoCommand.Create(),
        DatasetConvertCommand.Create(),
        DatasetSplitCommand.Create(),
        DatasetPararelCommand.Create(),
    };

    /// <summary>The file of records that a verb is about.</summary>
    public static Argument<string> File()
    {
        var file = new Argument<string>("FILE")
        {
            Description = "Records in any layout of docs/datasets.md: JSON, JSON Lines, CSV; - is standard input.",
        };
        CommonOptions.RefuseBlank(file);
        return file;
    }
}
