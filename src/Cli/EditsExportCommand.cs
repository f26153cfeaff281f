using System.CommandLine;
using Sharpformer.Editing;
using Sharpformer.Editing.Exchange;
using Sharpformer.Editing.Store;

namespace Sharpformer.Cli;

/// <summary><c>edits export</c>: edits as files for other stores, for people, and for other programs.</summary>
internal static class EditsExportCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "export", "Write edits of a store to files: everything about them, a table for people, or the neurons for other programs.");
        Option<string> edits = CommonOptions.Edits();
        command.Add(edits);
        Option<string> lines = CommonOptions.Output(
            "--jsonl", "Write everything, one edit a line: 'edits import' makes a store of it that answers the same.");
        Option<string> table = CommonOptions.Output(
            "--csv", "Write prompts, targets and what else was asked for, as a table: 'edits import' teaches it.");
        Option<string> adaptor = CommonOptions.Output(
            "--adaptor",
            "Write the neurons of active and withdrawn edits as one safetensors file that other programs can apply; needs --model.");
        var reference = new Option<bool>("--reference") { Description = "Add to --adaptor inputs, and what must come of them." };
        foreach (Option option in (Option[])[lines, table, adaptor, reference]) command.Add(option);
        ModelOptions model = ModelOptions.AddTo(command, required: false);
        FilterOptions filter = FilterOptions.AddTo(command);
        MomentOption at = MomentOption.AddTo(command, edits);
        command.Validators.Add(result =>
        {
            bool hasAdaptor = result.GetResult(adaptor) is not null;
            if (!hasAdaptor && result.GetResult(lines) is null && result.GetResult(table) is null)
                result.AddError("Nothing to write: give --jsonl, --csv or --adaptor.");
            if (hasAdaptor && !model.IsGiven(result)) result.AddError("--adaptor needs --model.");
            if (!hasAdaptor && result.GetResult(reference) is not null) result.AddError("--reference needs --adaptor.");
        });
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(edits);
            EditFilter wanted = filter.Filter(parse);
            StoreMoment? moment = at.Of(parse, path);
            var written = new List<object>();
            Terminal terminal = Terminal.Of(parse);
            using (EditStore store = EditStore.Open(path, readOnly: true))
            {
                if (parse.GetValue(lines) is { } all)
                    OutputFile.Write(all, writer => Say(all, EditLines.Write(writer, store, wanted, moment)));
                if (parse.GetValue(table) is { } rows)
                    OutputFile.Write(rows, writer => Say(rows, RequestCsv.Write(writer, store, wanted, moment)));
            }

            if (parse.GetValue(adaptor) is { } file)
            {
                using Session session = model.Open(parse, path, at);
                (int count, int neurons) = OutputFile.Run(
                    file, cancellation => session.ExportAdaptor(file, wanted, parse.GetValue(reference), cancellation));
                Say(file, count, neurons);
            }

            if (terminal.Json) terminal.Document(new { store = path, files = written });
            return 0;

            void Say(string to, int count, int? neurons = null)
            {
                written.Add(new { file = to, edits = count, neurons });
                string with = neurons is { } n ? $" with {Terminal.Counted(n, "neuron")}" : "";
                if (!terminal.Json) terminal.Line($"{to}: {Terminal.Counted(count, "edit")}{with}.");
            }
        });
        return command;
    }
}
