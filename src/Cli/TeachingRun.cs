using System.Diagnostics;
using Sharpformer.Editing;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Cli;

/// <summary>
/// Teaches what a store lacks of a list of facts, and reports. Whatever stops the run, what was stored stays, and the
/// next run goes on where this one ended with the result an undisturbed one would have had.
/// </summary>
/// <param name="terminal">Where to report.</param>
/// <param name="model">The model.</param>
/// <param name="store">Where edits go; bound to the model.</param>
/// <param name="settings">How to make them.</param>
/// <param name="traces">Where traces are kept; null keeps none.</param>
internal sealed class TeachingRun(Terminal terminal, LoadedModel model, EditStore store, IReVaSettings settings, TraceFolder? traces)
{
    private readonly List<(Edit Edit, double?[] Losses)> added = []; // without parts: the store and the adaptor have those
    private int skipped, done;

    /// <summary>Teaches what is not in the store yet.</summary>
    /// <param name="lessons">The facts.</param>
    /// <param name="oneByOne">Trains strictly one fact after the other.</param>
    /// <param name="cancellation">Ends the run before the next facts; those in hand are dropped.</param>
    /// <returns>The program's exit code.</returns>
    public int Run(IReadOnlyList<Lesson> lessons, bool oneByOne, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        TeachingPlan plan = TeachingPlan.For(store, lessons, settings);
        skipped = lessons.Count - plan.Missing.Count;
        var adaptor = KeyValueAdaptor.Of(model.Lm.Device, settings.Layer, model.Lm.Config.NEmbd, model.Lm.Config.Activation, plan.Known);
        var teacher = new Teacher(new Editor(model.Lm, adaptor, traces), store, settings, model.NewSampler(plan.Prompts, settings));
        try
        {
            if (plan.Missing.Count > 0)
                ProgressReport.Run(terminal, "Teaching", "edits", report => Teach(teacher.Teach(plan.Missing, oneByOne, cancellation), plan, report));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The edits in hand were not stored: nothing of them is left.
        }
        catch (InputException) when (added.Count > 0)
        {
            terminal.Note(Interrupted(plan));
            throw;
        }

        Report(plan, Stopwatch.GetElapsedTime(start).TotalSeconds);
        return done == plan.Missing.Count ? 0 : 1;
    }

    private void Teach(IEnumerable<IReadOnlyList<TaughtEdit>> chunks, TeachingPlan plan, Action<int, int> report)
    {
        foreach (IReadOnlyList<TaughtEdit> chunk in chunks)
        {
            foreach ((Edit edit, bool isNew) in chunk)
            {
                if (isNew) added.Add((edit with { Parts = [] }, [.. IReVaParts.Neurons(edit).Select(n => n.FinalLoss)]));
                else skipped++; // another process has stored the same fact meanwhile
            }

            report(done += chunk.Count, plan.Missing.Count);
        }
    }

    private void Report(TeachingPlan plan, double seconds)
    {
        int notDone = plan.Missing.Count - done;
        if (plan.OtherwiseMade is [var other, ..])
        {
            terminal.Note($"note: {Terminal.Counted(plan.OtherwiseMade.Count, "edit")} already there {(plan.OtherwiseMade.Count == 1 ? "was" : "were")} made with other settings than asked for; the first is edit "
                + $"{other.Id}: {Differences(other.Settings)}. Remove it first to teach it anew.");
        }

        if (plan.Contradicted is [var contradicted, ..])
        {
            terminal.Note($"note: {Terminal.Counted(plan.Contradicted.Count, "prompt")} {(plan.Contradicted.Count == 1 ? "has" : "have")} several targets now, of which the strongest neuron's is said; the first is "
                + $"{Terminal.Quoted(contradicted)}. 'edits why' tells which; remove the others.");
        }

        if (notDone > 0) terminal.Note(Interrupted(plan));
        if (terminal.Json)
        {
            var edits = added.Select(a => new { a.Edit.Id, a.Edit.Request.Prompt, a.Edit.Request.Target, neurons = a.Losses.Length, a.Losses });
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
        if (added is [(var edit, _)] && skipped == 0)
        {
            string loss = edit.FinalLoss is { } final ? $", final loss {Terminal.Number(final)}" : "";
            return $"Stored edit {edit.Id} in {store.Path} {time}: {Terminal.Quoted(edit.Request.Prompt)} -> {Terminal.Quoted(edit.Request.Target)}, "
                + $"{Terminal.Counted(IReVaParts.Count(edit), "neuron")} at block {settings.Layer}{loss}.";
        }

        return $"Stored {Terminal.Counted(added.Count, "edit")} with {Terminal.Counted(added.Sum(a => a.Losses.Length), "neuron")} in {store.Path} {time} "
            + $"({Terminal.Number(added.Count / seconds, "0.0")} edits/s).{there}";
    }

    private string Interrupted(TeachingPlan plan) =>
        $"Interrupted: {added.Count} stored, {skipped} already there, {plan.Missing.Count - done} not done "
        + $"(first: {Terminal.Quoted(plan.Missing[done].Request.Prompt)}). Repeat the command to go on.";

    private string Differences(EditSettings made) => made.Method != settings.Method ? $"method {made.Method}, not {settings.Method}" : string.Join(", ", settings.GetType().GetProperties()
        .Select(p => (p.Name, Made: p.GetValue(made), Asked: p.GetValue(settings)))
        .Where(p => !Equals(p.Made, p.Asked))
        .Select(p => FormattableString.Invariant($"{p.Name} {p.Made}, not {p.Asked}")));
}
