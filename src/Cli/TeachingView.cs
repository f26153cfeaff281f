using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;

namespace Sharpformer.Cli;

/// <summary>What a run of teaching did, for people and for programs.</summary>
internal static class TeachingView
{
    private const int Told = 10;

    /// <summary>Says it.</summary>
    /// <returns>The program's exit code.</returns>
    public static int Render(Terminal terminal, TeachingReport report, EditSettings asked, Session session)
    {
        if (report.Failure is { } failure)
        {
            terminal.Note(Interrupted(report));
            throw failure;
        }

        NoteSkipped(terminal, report, asked);
        NoteConflicts(terminal, report);
        if (report.NotDone > 0) terminal.Note(Interrupted(report));
        if (terminal.Json)
        {
            terminal.Facts.Editing = asked;
            terminal.Document(Json(report, session));
        }
        else if (report.NotDone == 0)
        {
            terminal.Line(Summary(report));
            ShowAnswers(terminal, report, session);
        }

        if (report.IsUnasked) terminal.Note("Interrupted: all is stored, but the model was not asked for it; 'edits check' does so.");
        return report.NotDone > 0 || report.IsUnasked ? ExitCode.Interrupted : report.Refused.Count > 0 ? ExitCode.Failed : ExitCode.Done;
    }

    private static JsonObject Json(TeachingReport report, Session session)
    {
        var added = report.Added.Select(e => new JsonObject
        {
            ["id"] = e.Id,
            ["prompt"] = e.Request.Prompt,
            ["target"] = e.Request.Target,
            ["neurons"] = EditView.NeuronsOf(e),
            ["losses"] = (e.Settings is INeuronSettings ? IReVaParts.FinalLosses(e) : [e.FinalLoss])
                .Select(loss => (JsonNode?)loss).AsJson(),
        });
        return new JsonObject
        {
            ["added"] = added.AsJson(),
            ["skipped"] = report.Skipped,
            ["notDone"] = report.NotDone,
            ["seconds"] = Math.Round(report.Seconds, 3),
            ["store"] = report.Store,
            ["answers"] = report.Answers.Select(answer => AnswersView.Json(answer, session, answer.IsSaid)).AsJson(),
            ["superseded"] = report.Superseded.Select(pair => new JsonObject { ["edit"] = pair.Old.Id, ["by"] = pair.New.Id }).AsJson(),
            ["conflicts"] = report.Conflicts.Select(conflict => new JsonObject
            {
                ["prompt"] = conflict.Request.Request.Prompt,
                ["target"] = conflict.Request.Request.Target,
                ["edit"] = conflict.Edit.Id,
                ["samePrompt"] = conflict.IsSamePrompt,
            }).AsJson(),
            ["silent"] = report.Silent.Select(edit => new JsonObject { ["id"] = edit.Id, ["status"] = edit.Status.AsJson() }).AsJson(),
            ["refused"] = report.Refused.Select(edit => new JsonObject
            {
                ["id"] = edit.Id,
                ["prompt"] = edit.Request.Prompt,
                ["target"] = edit.Request.Target,
            }).AsJson(),
            ["overtaken"] = report.Overtaken.Select(request => new JsonObject
            {
                ["prompt"] = request.Prompt,
                ["target"] = request.Target,
            }).AsJson(),
        };
    }

    private static void NoteSkipped(Terminal terminal, TeachingReport report, EditSettings asked)
    {
        if (report.OtherwiseMade is [var other, ..])
        {
            int count = report.OtherwiseMade.Count;
            terminal.Note($"note: {Terminal.Counted(count, "edit")} already there {(count == 1 ? "was" : "were")} made with other settings "
                + $"than asked for; the first is edit {other.Id}: {Differences(other.Settings, asked)}. "
                + "Remove it and use --again to teach it anew.");
        }

        if (report.Silent is [var silent, ..])
        {
            terminal.Note($"note: {Were(report.Silent.Count, "fact")} taught before and "
                + $"{(report.Silent.Count == 1 ? "is" : "are")} silent now; "
                + $"the first is edit {silent.Id}, {EditView.StatusText(silent.Status)}: {EditView.Fact(silent.Request)}. "
                + (silent.Status == EditStatus.Undone ? "--again teaches it anew." : $"'edits restore {silent.Id}' lets it answer again."));
        }

        if (report.Refused is [var refused, ..])
        {
            terminal.Note($"error: {Were(report.Refused.Count, "fact")} removed before and not taught again; "
                + $"the first was edit {refused.Id}: "
                + $"{EditView.Fact(refused.Request)}. Hint: --again teaches what was removed.");
        }

        if (report.Overtaken is [var overtaken, ..])
        {
            terminal.Note($"note: {Terminal.Counted(report.Overtaken.Count, "request")} not taught, "
                + "as the same prompt comes again later with "
                + $"another target; the first is {EditView.Fact(overtaken)}.");
        }
    }

    private static void NoteConflicts(Terminal terminal, TeachingReport report)
    {
        if (report.Superseded is [var (old, by), ..])
        {
            int count = report.Superseded.Count;
            terminal.Note($"note: {Terminal.Counted(count, "edit")} superseded by {(count == 1 ? "this one" : "these")} "
                + "and silent from now on; "
                + $"the first is edit {old.Id}, {EditView.Fact(old.Request)}, by edit {by.Id}.");
        }

        TeachingConflict[] same = [.. report.Conflicts.Where(conflict => conflict.IsSamePrompt)];
        if (same is [var kept, ..])
        {
            terminal.Note($"note: {Terminal.Counted(same.Length, "prompt")} {(same.Length == 1 ? "has" : "have")} another edit as well, "
                + "of which "
                + $"the strongest is said; the first is edit {kept.Edit.Id}: {EditView.Fact(kept.Edit.Request)}.");
        }

        TeachingConflict[] others = [.. report.Conflicts.Where(conflict => !conflict.IsSamePrompt)];
        if (others is [var wording, ..])
        {
            int prompts = others.Select(conflict => conflict.Request).Distinct().Count();
            terminal.Note($"note: {Were(prompts, "prompt")} answered otherwise by earlier edits, "
                + "as another wording of their own; "
                + $"the first is {Terminal.Quoted(wording.Request.Request.Prompt)}, by edit {wording.Edit.Id}: "
                + $"{EditView.Fact(wording.Edit.Request)}, which still answers there. --on-conflict supersede takes over from such edits.");
        }
    }

    private static void ShowAnswers(Terminal terminal, TeachingReport report, Session session)
    {
        if (report.Answers.Count == 0) return;
        CheckedAnswer[] failing = [.. report.Answers.Where(answer => !answer.IsSaid)];
        CheckedAnswer least = report.Answers.MinBy(answer => answer.Probability)!;
        string said = failing.Length == 0
            ? report.Answers.Count == 1 ? "The edited model says it" : $"The edited model says all {Terminal.Count(report.Answers.Count)}"
            : report.Answers.Count == 1 ? "The edited model does not say it"
            : $"The edited model does not say {Terminal.Count(failing.Length)} of the {Terminal.Count(report.Answers.Count)}";
        string sure = report.Answers.Count == 1
            ? $"P(target) {Terminal.Probability(least.Probability)}, L_edit {Terminal.Nats(least.Loss)}"
            : $"P(target) {Terminal.Probability(report.Answers.Average(answer => answer.Probability))} on average, "
                + $"{Terminal.Probability(least.Probability)} at least (edit {least.Edit}), "
                + $"{Terminal.Count(report.Answers.Count(answer => answer.Probability < 0.5))} below 0.5";
        terminal.Line($"{said}: {sure}.");
        if (failing.Length == 0) return;
        terminal.Show(AnswersView.Table(failing.Take(Told), session));
        if (failing.Length > Told) terminal.Line($"… and {Terminal.Count(failing.Length - Told)} more: 'edits check' tells all.");
    }

    private static string Summary(TeachingReport report)
    {
        int already = report.Skipped - report.Silent.Count - report.Refused.Count - report.Overtaken.Count; // of the others there are notes
        string there = already == 0 ? "" : $" {Terminal.Count(already)} already there.";
        if (report.Added.Count == 0) return $"Nothing new for {report.Store}.{there}";
        string time = $"in {Terminal.Duration(report.Seconds)}";
        if (report.Added is [var edit] && report.Skipped == 0)
        {
            string made = edit.Settings is INeuronSettings s
                ? $", {Terminal.Counted(IReVaParts.Count(edit), "neuron")} at block {s.Layer}"
                : $", by {edit.Method}" + (EditView.LayerOf(edit) is { } layer ? $" at block {layer}" : "");
            return $"Stored edit {edit.Id} in {report.Store} {time}: {EditView.Fact(edit.Request)}{made}.";
        }

        int neurons = report.Added.Sum(e => EditView.NeuronsOf(e) ?? 0);
        string with = neurons > 0 ? $" with {Terminal.Counted(neurons, "neuron")}" : "";
        return $"Stored {Terminal.Counted(report.Added.Count, "edit")}{with} in {report.Store} {time} "
            + $"({Terminal.Figure(report.Added.Count / report.Seconds)} edits/s).{there}";
    }

    private static string Interrupted(TeachingReport report) =>
        $"Interrupted: {Terminal.Count(report.Added.Count)} stored, {Terminal.Count(report.Skipped)} already there, "
        + $"{Terminal.Count(report.NotDone)} not done "
        + $"(first: {Terminal.Quoted(report.FirstNotDone!.Prompt)}). Repeat the command to go on.";

    private static string Were(int count, string noun) => $"{Terminal.Counted(count, noun)} {(count == 1 ? "was" : "were")}";

    private static string Differences(EditSettings made, EditSettings asked) => made.Method != asked.Method
        ? $"method {made.Method}, not {asked.Method}"
        : string.Join(", ", asked.GetType().GetProperties()
            .Select(p => (p.Name, Made: p.GetValue(made), Asked: p.GetValue(asked)))
            .Where(p => !Equals(p.Made, p.Asked))
            .Select(p => FormattableString.Invariant($"{p.Name} {p.Made}, not {p.Asked}")));
}
