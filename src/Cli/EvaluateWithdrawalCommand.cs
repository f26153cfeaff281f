using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;

namespace Sharpformer.Cli;

/// <summary><c>evaluate withdrawal</c>: what happens to each edit's prompt when that edit alone is withdrawn.</summary>
internal static class EvaluateWithdrawalCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "withdrawal",
            "Withdraw each edit alone and ask its prompt: how often the answer changes (RS), "
                + "how often it is the base model's again (Con).");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits();
        RecordOptions input = RecordOptions.AddTo(command, "The records that name the edits to test.", required: true);
        Option<string> trigger = CommonOptions.AnswerTrigger();
        Option<string> traces = CommonOptions.Traces();
        foreach (Option option in (Option[])[edits, trigger, traces]) command.Add(option);
        TextOptions texts = TextOptions.AddTo(command);
        MomentOption at = MomentOption.AddTo(command, edits);
        command.SetAction(parse =>
        {
            RecordSet records = input.Read(parse);
            using Session session = model.Open(parse, parse.GetRequiredValue(edits), at);
            Terminal terminal = Terminal.Of(parse);
            (WithdrawalReport report, int without, int withdrawn) = Measurement.Run(terminal, (progress, cancellation) =>
                session.MeasureWithdrawal(
                    records.Edits, parse.GetRequiredValue(trigger), texts.Rules(parse), parse.GetValue(traces), progress, cancellation));
            RecordOptions.NoteLayout(terminal, records);
            if (without > 0) terminal.Note($"note: {Terminal.Counted(without, "record")} without an edit in the store, left out.");
            if (withdrawn > 0) terminal.Note($"note: {Terminal.Counted(withdrawn, "record")} whose edit is withdrawn already, left out.");
            return Render(terminal, report);
        });
        return command;
    }

    private static int Render(Terminal terminal, WithdrawalReport report)
    {
        if (terminal.Json)
        {
            terminal.Document(new JsonObject { ["n"] = report.Edits, ["rs"] = report.Rs, ["con"] = report.Con });
            return 0;
        }

        Table table = Terminal.NewTable(Terminal.Counted(report.Edits, "edit"), "percent", "meaning");
        Terminal.AddRow(table, "RS", Terminal.Percent(report.Rs), "withdrawal changes the answer");
        Terminal.AddRow(table, "Con", Terminal.Percent(report.Con), "withdrawal brings the base model's answer back");
        terminal.Show(table);
        return 0;
    }
}
