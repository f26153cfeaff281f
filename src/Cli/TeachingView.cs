using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;

namespace Sharpformer.Cli;

/// <summary>What a run of teaching did, for people and for programs.</summary>
internal static class TeachingView
{
    /// <summary>Says it.</summary>
    /// <returns>The program's exit code.</returns>
    public static int Render(Terminal terminal, TeachingReport report, EditSettings asked)
    {
        if (report.Failure is { } failure)
        {
            terminal.Note(Interrupted(report));
            throw failure;
        }

        if (report.OtherwiseMade is [var other, ..])
        {
            int count = report.OtherwiseMade.Count;
            terminal.Note($"note: {Terminal.Counted(count, "edit")} already there {(count == 1 ? "was" : "were")} made with other settings "
                + $"than asked for; the first is edit {other.Id}: {Differences(other.Settings, asked)}. Remove it first to teach it anew.");
        }

        if (report.Contradicted is [var contradicted, ..])
        {
            int count = report.Contradicted.Count;
            terminal.Note($"note: {Terminal.Counted(count, "prompt")} {(count == 1 ? "has" : "have")} several targets now, "
                + "of which the strongest neuron's is said (of changed weights, the later's, as a rule); "
                + $"the first is {Terminal.Quoted(contradicted)}. 'edits why' tells which; remove the others.");
        }

        if (report.NotDone > 0) terminal.Note(Interrupted(report));
        if (terminal.Json)
        {
            var added = report.Added.Select(e => new
            {
                e.Id,
                e.Request.Prompt,
                e.Request.Target,
                neurons = EditView.NeuronsOf(e),
                losses = e.Settings is IReVaSettings ? IReVaParts.FinalLosses(e) : [e.FinalLoss],
            });
            terminal.Document(new { added, report.Skipped, report.NotDone, seconds = Math.Round(report.Seconds, 3), report.Store });
        }
        else if (report.NotDone == 0)
        {
            terminal.Line(Summary(report));
        }

        return report.NotDone == 0 ? 0 : 1;
    }

    private static string Summary(TeachingReport report)
    {
        string there = report.Skipped == 0 ? "" : $" {report.Skipped} already there.";
        if (report.Added.Count == 0) return $"Nothing new for {report.Store}.{there}";
        string time = $"in {Terminal.Number(report.Seconds, "0.0")} s";
        if (report.Added is [var edit] && report.Skipped == 0)
        {
            string made = edit.Settings is IReVaSettings s
                ? $", {Terminal.Counted(IReVaParts.Count(edit), "neuron")} at block {s.Layer}"
                : $", by {edit.Method} at block {Terminal.Number(EditView.LayerOf(edit))}";
            string loss = edit.FinalLoss is { } final ? $", final loss {Terminal.Number(final)}" : "";
            string fact = $"{Terminal.Quoted(edit.Request.Prompt)} -> {Terminal.Quoted(edit.Request.Target)}";
            return $"Stored edit {edit.Id} in {report.Store} {time}: {fact}{made}{loss}.";
        }

        int neurons = report.Added.Sum(e => EditView.NeuronsOf(e) ?? 0);
        string with = neurons > 0 ? $" with {Terminal.Counted(neurons, "neuron")}" : "";
        return $"Stored {Terminal.Counted(report.Added.Count, "edit")}{with} in {report.Store} {time} "
            + $"({Terminal.Number(report.Added.Count / report.Seconds, "0.0")} edits/s).{there}";
    }

    private static string Interrupted(TeachingReport report) =>
        $"Interrupted: {report.Added.Count} stored, {report.Skipped} already there, {report.NotDone} not done "
        + $"(first: {Terminal.Quoted(report.FirstNotDone!.Prompt)}). Repeat the command to go on.";

    private static string Differences(EditSettings made, EditSettings asked) => made.Method != asked.Method
        ? $"method {made.Method}, not {asked.Method}"
        : string.Join(", ", asked.GetType().GetProperties()
            .Select(p => (p.Name, Made: p.GetValue(made), Asked: p.GetValue(asked)))
            .Where(p => !Equals(p.Made, p.Asked))
            .Select(p => FormattableString.Invariant($"{p.Name} {p.Made}, not {p.Asked}")));
}
