using System.CommandLine;
using Sharpformer.Editing;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary><c>evaluate withdrawal</c>: what happens to each edit's prompt when that edit alone is withdrawn.</summary>
internal static class EvaluateWithdrawalCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command("withdrawal", "Withdraw each edit alone and ask its prompt: how often the answer changes (RS), how often it is the base model's again (Con).");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits();
        Option<string> input = CommonOptions.File("--input", "The records that name the edits to test.", required: true, "RECORDS");
        Option<int?> limit = CommonOptions.Limit("--limit", "--input");
        Option<string> trigger = CommonOptions.AnswerTrigger();
        Option<string> traces = CommonOptions.Traces();
        foreach (Option option in (Option[])[edits, input, limit, trigger, traces]) command.Add(option);
        command.SetAction(parse =>
        {
            IReadOnlyList<EditRecord> records = EditRecord.Load(parse.GetRequiredValue(input), parse.GetValue(limit));
            using LoadedModel loaded = model.Load(parse);
            using EditStore store = loaded.OpenStore(parse.GetRequiredValue(edits));
            return Run(Terminal.Of(parse), loaded, store, records, parse.GetRequiredValue(trigger), loaded.Traces(parse.GetValue(traces)));
        });
        return command;
    }

    private static int Run(Terminal terminal, LoadedModel model, EditStore store, IReadOnlyList<EditRecord> records, string trigger, TraceFolder? traces)
    {
        Edit[] named = [.. records.Select((r, i) => Find(model, store, r, i, trigger)).OfType<Edit>()];
        Edit[] active = [.. named.Where(e => e.Status == EditStatus.Active).DistinctBy(e => e.Id)];
        int without = records.Count - named.Length, withdrawn = named.Count(e => e.Status == EditStatus.Withdrawn);
        if (active.Length == 0)
        {
            throw new InputException(
                $"No record names an active edit of '{store.Path}' ({Terminal.Counted(records.Count, "record")}: {without} without an edit, {withdrawn} already withdrawn).",
                "use the records and the answer trigger that the edits were made with.");
        }

        if (without > 0) terminal.Note($"note: {Terminal.Counted(without, "record")} without an edit in the store, left out.");
        if (withdrawn > 0) terminal.Note($"note: {Terminal.Counted(withdrawn, "record")} whose edit is withdrawn already, left out.");
        var evaluator = new Evaluator(model.Lm, model.Tokenizer, model.Adaptor(store), traces);
        WithdrawalReport report = Measurement.Run(terminal, "Asking", "questions", (progress, cancellation) => evaluator.Withdrawal(active, progress, cancellation));
        if (terminal.Json)
        {
            terminal.Document(new { n = report.Edits, report.Rs, report.Con });
            return 0;
        }

        Table table = Terminal.NewTable(Terminal.Counted(report.Edits, "edit"), "percent", "");
        Terminal.AddRow(table, "RS", Terminal.Number(report.Rs, "0.00"), "withdrawal changes the answer");
        Terminal.AddRow(table, "Con", Terminal.Number(report.Con, "0.00"), "withdrawal brings the base model's answer back");
        terminal.Show(table);
        return 0;
    }

    private static Edit? Find(LoadedModel model, EditStore store, EditRecord record, int number, string trigger)
    {
        string prompt = record.EditPrompt(trigger);
        try
        {
            return store.Find(prompt, EditTokens.Of(model.Tokenizer, prompt, record.Alt, model.Lm.Config.NPositions).Target);
        }
        catch (InputException e) when (e.InnerException is null) // not one of the store's
        {
            throw new InputException($"Record {number} (counted from 0) cannot be asked: {e.Message}", "mend it or leave it out.", e);
        }
    }
}
