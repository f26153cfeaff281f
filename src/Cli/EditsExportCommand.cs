using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Exchange;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary><c>edits export</c>: edits as files for other stores, for people, and for other programs.</summary>
internal static class EditsExportCommand
{
    // int8 would round edits away.
    private static readonly string[] Types = [.. ModelConvertCommand.Types.Where(type => type != "q8")];

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "export",
            "Write edits of a store to files: everything about them, a table for people, the neurons for other programs, or a model with "
                + "them in its weights.");
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
        Option<string> merged = CommonOptions.File(
            "--merged",
            "Write a model folder with the active edits in its weights, and a note of what is in it; must not exist, needs --model. Not of "
                + "edits that sit beside the model (ireva).",
            required: false, "DIR");
        Option<string> dtype = CommonOptions.Choice(
            "--dtype", $"How --merged stores weights: {string.Join(", ", Types)}. [default: as they were]", Types, ignoresCase: true);
        foreach (Option option in (Option[])[lines, table, adaptor, reference, merged, dtype]) command.Add(option);
        ModelOptions model = ModelOptions.AddTo(command, required: false, trusts: false);
        FilterOptions filter = FilterOptions.AddTo(command);
        MomentOption at = MomentOption.AddTo(command, edits);
        command.Validators.Add(result =>
        {
            bool hasAdaptor = result.GetResult(adaptor) is not null, hasMerged = result.GetResult(merged) is not null;
            if (!hasAdaptor && !hasMerged && result.GetResult(lines) is null && result.GetResult(table) is null)
                result.AddError("Nothing to write: give --jsonl, --csv, --adaptor or --merged.");
            if (hasAdaptor && !model.IsGiven(result)) result.AddError("--adaptor needs --model.");
            if (hasMerged && !model.IsGiven(result)) result.AddError("--merged needs --model.");
            if (!hasMerged && result.GetResult(dtype) is not null) result.AddError("--dtype needs --merged.");
            if (!hasAdaptor && result.GetResult(reference) is not null) result.AddError("--reference needs --adaptor.");
        });
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(edits);
            EditFilter wanted = filter.Filter(parse);
            StoreMoment? moment = at.Of(parse, path);
            var written = new JsonArray();
            Terminal terminal = Terminal.Of(parse);
            using (EditStore store = EditStore.Open(path, readOnly: true))
            {
                if (parse.GetValue(lines) is { } all)
                    OutputFile.Write(all, writer => Say(all, EditLines.Write(writer, store, wanted, moment)));
                if (parse.GetValue(table) is { } rows)
                    OutputFile.Write(rows, writer => Say(rows, RequestCsv.Write(writer, store, wanted, moment)));
            }

            (string? file, string? folder) = (parse.GetValue(adaptor), parse.GetValue(merged));
            using Session? session = file is null && folder is null ? null : model.Open(parse, path, at);
            if (file is not null)
            {
                (int count, int neurons) = OutputFile.Run(
                    file, cancellation => session!.ExportAdaptor(file, wanted, parse.GetValue(reference), cancellation));
                Say(file, count, neurons);
            }

            if (folder is not null)
            {
                DType? stored = parse.GetValue(dtype) is { } name ? Enum.Parse<DType>(name, ignoreCase: true) : null;
                MergedModel made = Writing.Run(
                    terminal, "MB",
                    (progress, cancellation) => session!.ExportMerged(folder, wanted, stored, progress, cancellation));
                written.Add((JsonNode)Json(made));
                if (!terminal.Json) Tell(terminal, made);
            }

            if (terminal.Json) terminal.Document(new JsonObject { ["store"] = path, ["files"] = written });
            return 0;

            void Say(string to, int count, int? neurons = null)
            {
                written.Add((JsonNode)new JsonObject { ["file"] = to, ["edits"] = count, ["neurons"] = neurons });
                string with = neurons is { } n ? $" with {Terminal.Counted(n, "neuron")}" : "";
                if (!terminal.Json) terminal.Line($"{to}: {Terminal.Counted(count, "edit")}{with}.");
            }
        });
        return command;
    }

    private static JsonObject Json(MergedModel model) => new JsonObject
    {
        ["file"] = model.Folder,
        ["edits"] = model.Edits.Count,
        ["leftOut"] = model.LeftOut,
        ["files"] = model.Files.AsJson(),
        ["bytes"] = model.Bytes,
        ["tensors"] = model.Changes.Select(one => one.ToJson()).AsJson(),
        ["roundingShare"] = model.RoundingShare,
    };

    private static void Tell(Terminal terminal, MergedModel model)
    {
        string less = model.LeftOut == 0 ? "" : $", {Terminal.Counted(model.LeftOut, "other active edit")} of the store not";
        terminal.Line($"{model.Folder}: {Terminal.Counted(model.Edits.Count, "edit")} in "
            + $"{Terminal.Counted(model.Changes.Count, "tensor")}{less}; {Terminal.Bytes(model.Bytes)}.");
        if (model.LargestRounding == 0) return;
        string types = string.Join(" and ", model.Changes.Select(change => change.DType).Distinct());
        string most = Terminal.Number(model.LargestRounding, "0.#E+0");
        terminal.Line($"Rounding to {types} moved a number by at most {most}, and all together by "
            + $"{Terminal.Percent(100 * model.RoundingShare)} % of what the edits changed; --dtype f32 rounds nothing.");
    }
}
