using System.Globalization;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Reports;

namespace Sharpformer.Cli;

/// <summary>Why the model says what it says after a prompt, for people and for programs.</summary>
internal static class WhyView
{
    /// <summary>Says it.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="session">The model and its store.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="tokens">The same as tokens.</param>
    /// <param name="why">The explanation.</param>
    public static void Render(Terminal terminal, Session session, string prompt, int[] tokens, Explanation why)
    {
        Dictionary<long, Edit> byId = session.Edits().ToDictionary(e => e.Id);
        if (terminal.Json) terminal.Document(Json(session, prompt, tokens, why, byId));
        else Tell(terminal, session, why, byId);
    }

    /// <summary>Active edits that change weights, by method: they answer together or not at all, and none says where.</summary>
    public static IReadOnlyDictionary<string, int> WeightEdits(EditedModel model, IEnumerable<Edit> edits) => !model.ChangesWeights
        ? new Dictionary<string, int>()
        : edits.Where(edit => edit.Status == EditStatus.Active && !model.Keyed.Any(edits => edits.Holds(edit.Id)))
            .GroupBy(edit => edit.Method).ToDictionary(group => group.Key, group => group.Count());

    /// <summary>The same in a sentence; null where there are none.</summary>
    public static string? Besides(IReadOnlyDictionary<string, int> weightEdits) => weightEdits.Count == 0
        ? null
        : $"Besides, {string.Join(", ", weightEdits.Select(m => $"{Terminal.Counted(m.Value, "edit")} by {Terminal.Visible(m.Key)}"))} "
            + $"{(weightEdits.Values.Sum() == 1 ? "changes" : "change")} weights, at every token: none says where it answers, "
            + "but what they do is in the numbers.";

    private static JsonObject Json(Session session, string prompt, int[] tokens, Explanation why, Dictionary<long, Edit> byId)
    {
        JsonObject[] readings = [.. why.Nearest.Select(f => new JsonObject
        {
            ["neuron"] = f.Part,
            ["edit"] = f.Edit,
            ["prompt"] = byId[f.Edit].Request.Prompt,
            ["target"] = byId[f.Edit].Request.Target,
            ["token"] = f.Token,
            ["text"] = session.TokenText(f.Token),
            ["score"] = f.Score,
            ["threshold"] = f.Threshold,
            ["margin"] = f.Margin,
            ["alpha"] = (byId[f.Edit].Settings as INeuronSettings)?.Alpha,
            ["withdrawn"] = f.IsWithdrawn,
            ["asksFor"] = Names(byId[f.Edit]).AsJson(),
            ["locked"] = f.IsLocked,
        })];
        bool isWon = why.First.State is FiringState.Answers or FiringState.Withdrawn;
        ReportOrigin origin = session.Origin();
        return new JsonObject
        {
            ["model"] = origin.Model,
            ["store"] = session.Store.Path,
            ["version"] = origin.Version,
            ["prompt"] = prompt,
            ["tokens"] = tokens.AsJson(),
            ["fires"] = why.First.State == FiringState.Answers,
            ["strength"] = why.First.Strength + 0, // -0 would only puzzle
            ["winner"] = isWon ? readings[0] : null,
            ["runnersUp"] = (isWon ? readings[1..] : readings).AsJson(),
            ["changes"] = why.Changes.Select(c => new JsonObject
            {
                ["token"] = c.Token,
                ["text"] = session.TokenText(c.Token),
                ["logitBefore"] = c.LogitBefore,
                ["logitAfter"] = c.LogitAfter,
                ["probabilityBefore"] = c.ProbabilityBefore,
                ["probabilityAfter"] = c.ProbabilityAfter,
            }).AsJson(),
            ["target"] = new JsonObject { ["token"] = why.Target, ["text"] = session.TokenText(why.Target) },
            ["lens"] = why.Lens.Select(JsonText.Record).AsJson(),
            ["weightEdits"] = WeightEdits(session.Edited, byId.Values).AsJson(),
        };
    }

    private static void Tell(Terminal terminal, Session session, Explanation why, Dictionary<long, Edit> byId)
    {
        terminal.Line(Verdict(why, byId));
        if (why.Nearest.Count > 0 && Besides(WeightEdits(session.Edited, byId.Values)) is { } besides) terminal.Line(besides);
        if (why.Nearest.Count > 0)
        {
            bool asks = why.Nearest.Any(f => Names(byId[f.Edit]).Count > 0);
            Table neurons = Terminal
                .NewTable(
                    why.Nearest.Any(f => byId[f.Edit].Settings is INeuronSettings) ? "neuron" : "key", "edit", "of the prompt",
                    "answers with", "score", "threshold", "margin", asks ? "named" : "status")
                .Sparing(7, 5, 4, 0);
            foreach (Firing f in why.Nearest)
            {
                string status = EditView.StatusText(byId[f.Edit].Status);
                Terminal.AddRow(
                    neurons, Terminal.Number(f.Part), Terminal.Number(f.Edit), byId[f.Edit].Request.Prompt,
                    Terminal.Quoted(session.TokenText(f.Token)),
                    Terminal.Score(f.Score), Terminal.Score(f.Threshold), Terminal.Score(f.Margin),
                    !asks ? status : (f.IsLocked ? "no" : "yes") + (f.IsWithdrawn ? $", {status}" : ""));
            }

            terminal.Show(neurons);
        }

        Table changes = Terminal.NewTable("next token", "P before", "P after", "logit before", "logit after").Sparing(4, 3);
        foreach (TokenChange c in why.Changes.OrderByDescending(change => change.ProbabilityAfter))
        {
            Terminal.AddRow(
                changes, Terminal.Quoted(session.TokenText(c.Token)), Terminal.Probability(c.ProbabilityBefore),
                Terminal.Probability(c.ProbabilityAfter), Terminal.Score(c.LogitBefore), Terminal.Score(c.LogitAfter));
        }

        terminal.Show(changes);
        Table lens = Terminal.NewTable(
            $"{Terminal.Quoted(session.TokenText(why.Target))} behind block", "rank before", "rank after", "P before", "P after");
        foreach (BlockReading reading in why.Lens)
        {
            Terminal.AddRow(
                lens, Terminal.Number(reading.Block), Terminal.Count(reading.RankBefore), Terminal.Count(reading.RankAfter),
                Terminal.Probability(reading.ProbabilityBefore), Terminal.Probability(reading.ProbabilityAfter));
        }

        terminal.Show(lens);
    }

    /// <summary>What a text must name for an edit's neurons to speak; nothing for most.</summary>
    private static IReadOnlyList<string> Names(Edit edit) => (edit.Settings as INeuronSettings)?.LockOf(edit.Request)?.Names ?? [];

    private static string Verdict(Explanation why, Dictionary<long, Edit> byId)
    {
        if (why.Nearest.Count == 0)
        {
            return byId.Values.Any(edit => edit.Status == EditStatus.Active)
                ? "The store's edits change weights: none of them answers for itself, the table shows what they do together."
                : "The store holds no neurons: this is the base model's answer.";
        }

        Firing first = why.First;
        switch (first.State)
        {
            case FiringState.Withdrawn: return Won(first, "wins but is withdrawn, so this is the base model's answer");
            case FiringState.Answers when first.IsJoint:
                return $"Edit {first.Edit} and those it was taught with answer together: none of them says which is asked for.";
            case FiringState.Answers:
                return Won(first, IsNeuron(first) ? $"answers with strength {Terminal.Score(first.Strength)}" : "answers");
        }

        if (why.Nearest.FirstOrDefault(f => f.State == FiringState.Locked) is { Edit: > 0 } locked)
        {
            return $"No neuron fires. {Named(locked)} is {Terminal.Score(locked.Margin)} above its threshold of "
                + $"{Terminal.Score(locked.Threshold)}, but the text does not name "
                + $"{string.Join(" or ", Names(byId[locked.Edit]).Select(Terminal.Quoted))} where it asks.";
        }

        // Below all thresholds the activation is flat, so the strongest need not be the nearest.
        Firing nearest = why.Nearest.MaxBy(f => f.Margin);
        string leak = first.Adds
            ? " Just below it the activation is not quite 0 and still adds "
                + $"{first.Strength.ToString("0.###E+0", CultureInfo.InvariantCulture)} times a value."
            : "";
        return $"{(IsNeuron(nearest) ? "No neuron fires" : "No edit answers")}. The nearest is {Name(nearest)}: "
            + $"score {Terminal.Score(nearest.Score)}, {Terminal.Score(-nearest.Margin)} below its threshold of "
            + $"{Terminal.Score(nearest.Threshold)}.{leak}";

        string Won(Firing f, string said) =>
            $"{Named(f)} {said}: score {Terminal.Score(f.Score)}, {Terminal.Score(f.Margin)} above its threshold of "
                + $"{Terminal.Score(f.Threshold)}.";

        bool IsNeuron(Firing f) => byId[f.Edit].Settings is INeuronSettings;

        string Name(Firing f) =>
            $"{(IsNeuron(f) ? $"neuron {f.Part} of " : "")}edit {f.Edit} ({Terminal.Quoted(byId[f.Edit].Request.Prompt)})";

        string Named(Firing f) => char.ToUpperInvariant(Name(f)[0]) + Name(f)[1..];
    }
}
