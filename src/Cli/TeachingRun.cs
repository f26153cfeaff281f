using System.Diagnostics;
using Sharpformer.Editing;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>
/// Teaches facts one after the other. Each is one transaction of the store; whatever stops the run, what was stored
/// stays, and the next run goes on where this one ended with the result an undisturbed one would have had.
/// </summary>
/// <param name="terminal">Where to report.</param>
/// <param name="model">The model.</param>
/// <param name="store">Where edits go; bound to the model.</param>
/// <param name="settings">How to make them.</param>
internal sealed class TeachingRun(Terminal terminal, LoadedModel model, EditStore store, EditSettings settings)
{
    private readonly List<Edit> added = []; // without keys and values: the store and the adaptor have those
    private readonly List<string> contradicted = [];
    private Edit? firstOtherwiseMade;
    private int otherwiseMade, skipped, done;

    /// <summary>Teaches what is not in the store yet.</summary>
    /// <param name="requests">The facts.</param>
    /// <param name="targets">Their target tokens.</param>
    /// <param name="cancellation">Ends the run before the next edit; the one in hand is dropped.</param>
    /// <returns>The program's exit code.</returns>
    public int Run(IReadOnlyList<EditRequest> requests, int[][] targets, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        EditRequest[] missing = [.. Missing(requests, targets)];
        IReadOnlyList<Edit> known = store.List(withNeurons: true, includeRemoved: false);
        contradicted.AddRange(Contradicted(missing, known));
        var adaptor = KeyValueAdaptor.Of(model.Lm.Device, settings.Layer, model.Lm.Config.NEmbd, known);
        var editor = new Editor(model.Lm, model.Tokenizer, adaptor);

        // The file's prompts first, then the store's: a run that goes on finds its own edits in the store, and the
        // list without repetitions is the one it began with.
        string[] prompts = [.. requests.Select(r => r.Prompt).Concat(known.Select(e => e.Request.Prompt)).Distinct()];
        OutOfScopeSampler? sampler = settings.Retrofit && settings.IrrWeight > 0 ? new(model.Lm, model.Tokenizer, prompts) : null;

        try
        {
            if (missing.Length > 0)
                ProgressReport.Run(terminal, "Teaching", "edits", report => Teach(missing, editor, sampler, report, cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The edit in hand was not stored: nothing of it is left.
        }
        catch (InputException) when (added.Count > 0)
        {
            terminal.Note(Interrupted(missing));
            throw;
        }

        Report(missing, Stopwatch.GetElapsedTime(start).TotalSeconds);
        return done == missing.Length ? 0 : 1;
    }

    /// <summary>The facts that the store does not hold and that do not repeat an earlier one.</summary>
    private IEnumerable<EditRequest> Missing(IReadOnlyList<EditRequest> requests, int[][] targets)
    {
        var seen = new HashSet<(string, string)>();
        for (int i = 0; i < requests.Count; i++)
        {
            bool repeats = !seen.Add((requests[i].Prompt, string.Join(',', targets[i])));
            Edit? stored = repeats ? null : store.Find(requests[i].Prompt, targets[i]);
            if (!repeats && stored is null)
            {
                yield return requests[i];
                continue;
            }

            skipped++;
            if (stored is null || stored.Settings == settings) continue;
            otherwiseMade++;
            firstOtherwiseMade ??= stored;
        }
    }

    /// <summary>Prompts that get a target beside the one they have: only one of them can answer.</summary>
    private static IEnumerable<string> Contradicted(EditRequest[] missing, IReadOnlyList<Edit> known)
    {
        var answered = known.Select(e => e.Request.Prompt).ToHashSet();
        return missing.Select(r => r.Prompt).Where(prompt => !answered.Add(prompt)).Distinct();
    }

    private void Teach(EditRequest[] missing, Editor editor, OutOfScopeSampler? sampler, Action<int, int> report, CancellationToken cancellation)
    {
        foreach (EditRequest request in missing)
        {
            cancellation.ThrowIfCancellationRequested();
            IReadOnlyList<int[]> outOfScope = sampler?.Prompts(request, settings.Seed) ?? [];
            Edit edit = store.AddOnce(editor.Teach(request, settings, outOfScope, cancellation), out bool isNew);
            if (isNew) added.Add(edit with { Neurons = [.. edit.Neurons.Select(n => n with { Key = [], Value = [] })] });
            else skipped++; // another process has stored the same fact meanwhile
            editor.Keep(edit);
            report(++done, missing.Length);
        }
    }

    private void Report(EditRequest[] missing, double seconds)
    {
        int notDone = missing.Length - done;
        if (firstOtherwiseMade is { } other)
        {
            terminal.Note($"note: {Terminal.Counted(otherwiseMade, "edit")} already there {(otherwiseMade == 1 ? "was" : "were")} made with other settings than asked for; the first is edit "
                + $"{other.Id}: {Differences(other.Settings)}. Remove it first to teach it anew.");
        }

        if (contradicted.Count > 0)
        {
            terminal.Note($"note: {Terminal.Counted(contradicted.Count, "prompt")} {(contradicted.Count == 1 ? "has" : "have")} several targets now, of which the strongest neuron's is said; the first is "
                + $"{Terminal.Quoted(contradicted[0])}. 'edits why' tells which; remove the others.");
        }

        if (notDone > 0) terminal.Note(Interrupted(missing));
        if (terminal.Json)
        {
            var edits = added.Select(e => new { e.Id, e.Request.Prompt, e.Request.Target, neurons = e.Neurons.Count, losses = e.Neurons.Select(EditView.FinalLoss) });
            terminal.Document(new { added = edits, skipped, notDone, seconds = Math.Round(seconds, 3), store = store.Path });
        }
        else if (notDone == 0)
        {
            terminal.Line(Summary(seconds));
        }
    }

    private string Summary(double seconds)
    {
        string there = skipped == 0 ? "" : $" {skipped} already there.";
        if (added.Count == 0) return $"Nothing new for {store.Path}.{there}";
        string time = $"in {Terminal.Number(seconds, "0.0")} s";
        if (added is [var edit] && skipped == 0)
        {
            string loss = EditView.FinalLoss(edit) is { } final ? $", final loss {Terminal.Number(final)}" : "";
            return $"Stored edit {edit.Id} in {store.Path} {time}: {Terminal.Quoted(edit.Request.Prompt)} -> {Terminal.Quoted(edit.Request.Target)}, "
                + $"{Terminal.Counted(edit.Neurons.Count, "neuron")} at block {edit.Settings.Layer}{loss}.";
        }

        return $"Stored {Terminal.Counted(added.Count, "edit")} with {Terminal.Counted(added.Sum(e => e.Neurons.Count), "neuron")} in {store.Path} {time} "
            + $"({Terminal.Number(added.Count / seconds, "0.0")} edits/s).{there}";
    }

    private string Interrupted(EditRequest[] missing) =>
        $"Interrupted: {added.Count} stored, {skipped} already there, {missing.Length - done} not done "
        + $"(first: {Terminal.Quoted(missing[done].Prompt)}). Repeat the command to go on.";

    private string Differences(EditSettings made) => string.Join(", ", typeof(EditSettings).GetProperties()
        .Select(p => (p.Name, Made: p.GetValue(made), Asked: p.GetValue(settings)))
        .Where(p => !Equals(p.Made, p.Asked))
        .Select(p => FormattableString.Invariant($"{p.Name} {p.Made}, not {p.Asked}")));
}
