using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Datasets;

namespace Sharpformer.Cli;

/// <summary><c>dataset convert</c>: a file of edits in another layout.</summary>
internal static class DatasetConvertCommand
{
    /// <summary>The command with its arguments.</summary>
    public static Command Create()
    {
        var command = new Command(
            "convert", "Write a file of edits in another layout, and say what that has no place for; jsonl has one for all.");
        Argument<string> file = DatasetCommand.File();
        Option<string> to = CommonOptions.Text("--to", $"The layout, one of {string.Join(", ", RecordWriter.Formats)}.", required: true);
        to.HelpName = "LAYOUT";
        to.CompletionSources.Add([.. RecordWriter.Formats]);
        to.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var name }] && !RecordWriter.Formats.Contains(name))
                result.AddError($"--to is '{name}', expected one of {string.Join(", ", RecordWriter.Formats)}.");
        });
        Option<string> output = CommonOptions.Output("--output", "The file to write.", required: true);
        output.Aliases.Add("-o");
        Option<string> onBad = RecordOptions.OnBad();
        command.Add(file);
        foreach (Option option in (Option[])[to, output, onBad]) command.Add(option);
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(output), layout = parse.GetRequiredValue(to);
            RecordSet records = RecordOptions.Read(parse, parse.GetRequiredValue(file), onBad);
            IReadOnlyDictionary<string, int> dropped = new Dictionary<string, int>();
            OutputFile.Write(path, writer => dropped = RecordWriter.Write(writer, records.Edits, layout));
            Terminal terminal = Terminal.Of(parse);
            if (terminal.Json)
            {
                (string from, int edits, int leftOut) = (records.Layout, records.Edits.Count, records.BadCount);
                terminal.Document(new JsonObject
                {
                    ["file"] = path,
                    ["layout"] = layout,
                    ["from"] = from,
                    ["edits"] = edits,
                    ["leftOut"] = leftOut,
                    ["dropped"] = dropped.AsJson(),
                });
                return 0;
            }

            terminal.Line($"{path}: {Terminal.Counted(records.Edits.Count, "edit")} in the layout {layout}, from {records.Layout}.");
            foreach ((string what, int count) in dropped)
                terminal.Line($"No place for {Terminal.Visible(what)}: {Terminal.Count(count)} left out.");
            return 0;
        });
        return command;
    }
}
