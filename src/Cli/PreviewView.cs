using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary>What teaching would do, for people and for programs.</summary>
internal static class PreviewView
{
    /// <summary>Says it.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="previews">Request by request.</param>
    /// <param name="session">The model.</param>
    /// <param name="store">The store's path.</param>
    /// <param name="isThere">Whether there is one.</param>
    /// <param name="estimate">What it would take; null where nothing would be taught, or the method does not say.</param>
    /// <param name="settings">How edits would be taught.</param>
    public static void Render(
        Terminal terminal, IReadOnlyList<PreviewedRequest> previews, Session session, string store, bool isThere,
        TeachingEstimate? estimate, EditSettings settings)
    {
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["dryRun"] = true,
                ["store"] = store,
                ["exists"] = isThere,
                ["n"] = previews.Count,
                ["toTeach"] = previews.Count(IsTaught),
                ["refused"] = previews.Count(preview => preview.Refusal is not null),
                ["estimate"] = EstimateView.Json(estimate),
                ["requests"] = previews.Select(preview => Json(preview, session)).AsJson(),
            });
            return;
        }

        Table table = Terminal.NewTable("prompt", "says so far", "would say", "tokens", "subject", "").Sparing(4, 3, 1);
        foreach (PreviewedRequest preview in previews)
        {
            EditRequest taken = preview.Request.Request;
            int[] target = preview.Request.Tokens.Target;
            Terminal.AddRow(
                table, taken.Prompt, Terminal.Quoted(preview.Says), Terminal.Quoted(session.TextOf(target)),
                string.Join(' ', target.Select(session.TokenText).Select(Terminal.Quoted)), Subject(preview),
                string.Join("; ", Remarks(preview)));
        }

        terminal.Show(table);
        foreach (string line in Summary(previews)) terminal.Line(line);
        if (estimate is not null)
            foreach (string line in EstimateView.Lines(estimate, settings, terminal.Facts.Model ?? "DIR")) terminal.Line(line);
        else if (previews.Any(preview => preview.Fate == TeachingFate.Teach))
            terminal.Line($"Method {settings.Method} does not say what it would take.");
        terminal.Line($"Dry run: nothing was taught, {Terminal.Visible(store)} {(isThere ? "is as it was" : "was not made")}.");
    }

    private static JsonObject Json(PreviewedRequest preview, Session session)
    {
        EditRequest taken = preview.Request.Request;
        int[] target = preview.Request.Tokens.Target;
        return new JsonObject
        {
            ["prompt"] = taken.Prompt,
            ["target"] = taken.Target,
            ["subject"] = taken.Subject,
            ["source"] = taken.Source,
            ["fate"] = preview.Fate.AsJson(),
            ["edit"] = preview.Edit,
            ["refusal"] = preview.Refusal,
            ["says"] = preview.Says,
            ["continuation"] = session.TextOf(target),
            ["tokens"] = target.Select(id => new JsonObject { ["id"] = id, ["text"] = session.TokenText(id) }).AsJson(),
            ["subjectAt"] = preview.SubjectAt,
            ["subjectFound"] = taken.Subject is not null && preview.Request.Asked is { Subject: null },
            ["asked"] = preview.Request.Asked is { } asked ? new JsonObject { ["prompt"] = asked.Prompt, ["target"] = asked.Target } : null,
            ["conflicts"] = preview.Conflicts.Select(conflict => new JsonObject
            {
                ["edit"] = conflict.Edit.Id,
                ["prompt"] = conflict.Edit.Request.Prompt,
                ["target"] = conflict.Edit.Request.Target,
                ["samePrompt"] = conflict.IsSamePrompt,
            }).AsJson(),
            ["conflictsWithin"] = preview.ConflictsWithin.AsJson(),
            ["provenance"] = taken.Provenance.ToDictionary().AsJson(),
        };
    }

    private static string Subject(PreviewedRequest preview) => preview.Request.Request.Subject switch
    {
        null => "-",
        var found when preview.Request.Asked is { Subject: null } => $"{Terminal.Quoted(found)}, found",
        _ => preview.SubjectAt is { } at ? $"at {at}" : "not in it",
    };

    private static IEnumerable<string> Remarks(PreviewedRequest preview)
    {
        if (preview.Fate != TeachingFate.Teach) yield return Fate(preview);
        else if (preview.Refusal is not null) yield return "cannot be taught";
        else if (preview.Says == preview.Request.Request.Target || preview.Says.Trim() == preview.Request.Request.Target.Trim())
            yield return "is said already";
        foreach (TeachingConflict conflict in preview.Conflicts)
            yield return $"edit {conflict.Edit.Id} says {Terminal.Quoted(conflict.Edit.Request.Target)}"
                + (conflict.IsSamePrompt ? "" : " there in other words");
        if (preview.ConflictsWithin.Count > 0)
        {
            string records = preview.ConflictsWithin.Count == 1 ? "record" : "records";
            yield return $"another target in {records} {string.Join(", ", preview.ConflictsWithin)}";
        }

        if (preview.Request.Asked is { } asked)
        {
            if (asked.Prompt != preview.Request.Request.Prompt) yield return $"the prompt was {Terminal.Quoted(asked.Prompt)}";
            if (asked.Target != preview.Request.Request.Target) yield return $"the target was {Terminal.Quoted(asked.Target)}";
        }
    }

    private static string Fate(PreviewedRequest preview) => preview.Fate switch
    {
        TeachingFate.There => $"is there: edit {preview.Edit}",
        TeachingFate.Silent => $"silent edit {preview.Edit}",
        TeachingFate.Refused => $"removed before as edit {preview.Edit}: refused",
        TeachingFate.Overtaken => "overtaken by a later record",
        _ => "said before in the list",
    };

    private static IEnumerable<string> Summary(IReadOnlyList<PreviewedRequest> previews)
    {
        int Count(TeachingFate fate) => previews.Count(preview => preview.Fate == fate);
        int refused = previews.Count(preview => preview.Refusal is not null);
        int others = previews.Count - Count(TeachingFate.Teach) - Count(TeachingFate.There);
        yield return $"{Terminal.Count(previews.Count(IsTaught))} of {Terminal.Counted(previews.Count, "fact")} would be taught, "
            + $"{Terminal.Count(Count(TeachingFate.There))} already there, {Terminal.Count(others)} left out; "
            + $"{Terminal.Counted(previews.Count(preview => preview.Conflicts.Count > 0), "conflict")} with edits of the store.";
        if (previews.FirstOrDefault(preview => preview.Refusal is not null)?.Refusal is { } first)
        {
            yield return $"{Terminal.Counted(refused, "fact")} cannot be taught, and unless mended or left out "
                + $"{(refused == 1 ? "it keeps" : "they keep")} all others from being taught. The first: {Terminal.Visible(first)}";
        }
    }

    private static bool IsTaught(PreviewedRequest preview) => preview is { Fate: TeachingFate.Teach, Refusal: null };
}
