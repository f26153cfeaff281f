using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Datasets;

namespace Sharpformer.Cli;

/// <summary><c>dataset split</c>: a part of a file of edits, so that what is learnt or chosen on one part is reported on another.</summary>
internal static class DatasetSplitCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "split",
            "Write a part of a file of edits, in the layout jsonl. A fact's part follows from its prompt, or its relation, alone: it is "
                + "the same in every file, and the parts of a file together are all of it.");
        Argument<string> file = DatasetCommand.File();
        Option<(int Portion, int Of)?> part = CommonOptions.Portion("--part", "Which part of how many.");
        part.Required = true;
        Option<string> by = CommonOptions.Choice(
            "--by", "What keeps records together: fact, or relation.", RecordSplit.Ways, fallback: RecordSplit.Ways[0]);
        Option<string> output = CommonOptions.Output("--output", "The file to write.", required: true);
        output.Aliases.Add("-o");
        Option<string> onBad = RecordOptions.OnBad();
        command.Add(file);
        foreach (Option option in (Option[])[part, by, output, onBad]) command.Add(option);
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(output);
            RecordSet records = RecordOptions.Read(parse, parse.GetRequiredValue(file), onBad);
            (int number, int of) = parse.GetValue(part)!.Value;
            var split = new RecordSplit(parse.GetRequiredValue(by), number, of);
            EditRecord[] kept = [.. records.Edits.Where(split.Holds)];
            OutputFile.Write(path, writer => RecordWriter.Write(writer, kept, RecordWriter.Formats[0]));
            Terminal terminal = Terminal.Of(parse);
            if (terminal.Json)
            {
                terminal.Document(new JsonObject
                {
                    ["file"] = path,
                    ["by"] = split.By,
                    ["part"] = split.Part,
                    ["of"] = split.Of,
                    ["edits"] = kept.Length,
                    ["all"] = records.Edits.Count,
                    ["leftOut"] = records.BadCount,
                });
            }
            else
            {
                terminal.Line($"{path}: {Terminal.Counted(kept.Length, "edit")} of {Terminal.Count(records.Edits.Count)}, part {number} of "
                    + $"{of} by {split.By}.");
            }

            return 0;
        });
        return command;
    }
}
