using System.CommandLine;
using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary><c>dataset info</c>: what a file of edits holds.</summary>
internal static class DatasetInfoCommand
{
    private const int Told = 20;

    /// <summary>The command with its arguments.</summary>
    public static Command Create()
    {
        var command = new Command(
            "info", "Tell the layout of a file of edits, what its records have, what is said twice or otherwise, and what cannot be used.");
        Argument<string> file = DatasetCommand.File();
        Option<string> model = ModelOptions.Model(required: false);
        model.Description = "Also count tokens, by the tokenizer in this folder.";
        command.Add(file);
        command.Add(model);
        command.SetAction(parse =>
        {
            Tokenizer? tokenizer = parse.GetValue(model) is { } folder ? Tokenizer.Load(folder) : null;
            using RecordFile records = RecordOptions.Open(parse.GetRequiredValue(file));
            RecordSummary summary = RecordSummary.Of(records, tokenizer);
            if (summary.Records == 0) throw new InputException($"Record file '{summary.File}' holds no record.");
            Render(Terminal.Of(parse), summary);
            return 0;
        });
        return command;
    }

    private static void Render(Terminal terminal, RecordSummary summary)
    {
        if (terminal.Json)
        {
            terminal.Document(JsonText.Record(summary));
            return;
        }

        Table table = Terminal.NewTable(Path.GetFileName(summary.File), summary.Layout ?? "no record can be used");
        Terminal.AddRow(table, "records", Terminal.Number(summary.Records));
        Terminal.AddRow(table, "edits", Terminal.Number(summary.Edits));
        Terminal.AddRow(table, "with a subject", $"{summary.Subjects}, of which {summary.SubjectsNotInPrompt} do not stand in the prompt");
        Terminal.AddRow(table, "paraphrases", $"{summary.Paraphrases} of {Terminal.Counted(summary.WithParaphrases, "edit")}");
        foreach (ProbeGroup group in summary.Groups)
        {
            string without = group.WithoutAnswer == 0 ? "" : $", {group.WithoutAnswer} without an answer";
            Terminal.AddRow(
                table, $"{group.Kind.ToString().ToLowerInvariant()}: {group.Name}",
                $"{group.N} of {Terminal.Counted(group.Records, "edit")}{without}");
        }

        Terminal.AddRow(table, "longest prompt", Terminal.Counted(summary.LongestPrompt, "character"));
        Terminal.AddRow(table, "longest target", Terminal.Counted(summary.LongestTarget, "character"));
        if (summary.Tokens is { } tokens)
        {
            Terminal.AddRow(table, "tokens of prompts", Lengths(tokens.Prompts));
            Terminal.AddRow(table, "tokens of targets", Lengths(tokens.Targets));
        }

        Terminal.AddRow(table, "said again", Terminal.Counted(summary.Repeated, "edit"));
        string first = summary.FirstContradicted is { } prompt ? $", the first is {Terminal.Quoted(prompt)}" : "";
        Terminal.AddRow(table, "with two targets", $"{Terminal.Counted(summary.Contradicted, "prompt")}{first}");
        Terminal.AddRow(table, "cannot be used", Terminal.Counted(summary.BadCount, "record"));
        terminal.Show(table);
        terminal.Line($"Fields: {string.Join(", ", summary.Fields.Select(field => $"{Terminal.Visible(field.Key)} {field.Value}"))}.");
        if (summary.Unused.Count > 0) terminal.Line($"Not used: {string.Join(", ", summary.Unused.Select(Terminal.Visible))}.");
        if (summary.Tokens is { Targets.Counts.Count: > 0 } counted) terminal.Show(Histogram(counted));
        foreach (BadRecord bad in summary.Bad.Take(Told)) terminal.Line($"Cannot be used: {bad}");
        if (summary.BadCount > Told) terminal.Line($"... and {Terminal.Count(summary.BadCount - Told)} more.");
    }

    private static string Lengths(TokenLengths of) =>
        $"{Terminal.Number(of.Mean, "0.00")} on average, {Terminal.Percent(of.MultiTokenPercent)} % have more than one";

    private static Table Histogram(EditLengths tokens)
    {
        Table table = Terminal.NewTable("tokens", "prompts", "targets");
        foreach (int length in tokens.Prompts.Counts.Keys.Union(tokens.Targets.Counts.Keys).Order())
        {
            Terminal.AddRow(
                table, Terminal.Number(length), Terminal.Number(tokens.Prompts.Counts.GetValueOrDefault(length)),
                Terminal.Number(tokens.Targets.Counts.GetValueOrDefault(length)));
        }

        return table;
    }
}
