using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Metrics;

/// <summary>
/// Base and edited model side by side at some positions of some sequences, each the last of a sequence of its own: what stands before it
/// looks to memories as unedited as Eq. 7 wants it. There are three ways, and the last can do all:
/// <list type="number">
/// <item>One memory beside a block: a trace of the base model, and its tail again where the memory adds something.</item>
/// <item>Changed weights: both models from the first changed block on.</item>
/// <item>Anything else: every position's sequence read whole by the edited model.</item>
/// </list>
/// </summary>
internal sealed class Comparison
{
    private readonly EditedModel edited;
    private readonly IReadOnlyList<int[]> sequences;
    private readonly Trace? trace;
    private readonly Tensor baseStates;
    private readonly Tensor? editedStates; // null where the trace's tail gives them
    private readonly Tensor[] read; // what each memory reads, [P,…]

    private Comparison(
        EditedModel edited, IReadOnlyList<int[]> sequences, TracedPosition[] positions, Trace? trace, Tensor baseStates,
        Tensor? editedStates, Tensor[] read)
    {
        (this.edited, this.sequences, Positions, this.trace, this.baseStates, this.editedStates, this.read) =
            (edited, sequences, positions, trace, baseStates, editedStates, read);
    }

    /// <summary>Where it computes.</summary>
    public Device Device => edited.Base.Device;

    /// <summary>P positions, sequence by sequence.</summary>
    public IReadOnlyList<TracedPosition> Positions { get; }

    /// <summary>Runs both models; what comes of it belongs to the device's current scope.</summary>
    /// <param name="edited">The models.</param>
    /// <param name="sequences">Token sequences.</param>
    /// <param name="from">First position of each to look at; all later ones follow.</param>
    /// <param name="traces">Where traces are kept; null keeps none.</param>
    /// <param name="cancellation">Checked between batches of sequences.</param>
    public static Comparison Run(
        EditedModel edited, IReadOnlyList<int[]> sequences, int[] from, TraceFolder? traces = null,
        CancellationToken cancellation = default)
    {
        if (edited.IsTraceable)
        {
            int layer = edited.Memories.Count > 0 ? edited.Memories[0].Block : edited.Base.Blocks.Count - 1;
            Trace trace = traces?.GetOrRun(sequences, from, layer, cancellation)
                ?? Trace.Run(edited.Base, sequences, from, layer, cancellation);
            return new Comparison(
                edited, sequences, [.. trace.Positions], trace, trace.Final, editedStates: null,
                edited.Memories.Count > 0 ? [trace.X] : []);
        }

        TracedPosition[] positions = TracedPosition.All(sequences, from);
        int blocks = edited.Base.Blocks.Count;
        if (edited.Memories.Count == 0)
        {
            (Tensor ofBase, Tensor ofEdited) = EndStates.OfBoth(
                edited.Base, edited.Model, edited.FirstTouched ?? blocks, sequences, from, cancellation);
            return new Comparison(edited, sequences, positions, trace: null, ofBase, ofEdited, []);
        }

        Tensor baseStates = Trace.Run(edited.Base, sequences, from, blocks - 1, cancellation).Final;
        ModelConfig config = edited.Base.Config;
        Tensor[] read = [.. edited.Memories.Select(memory =>
            edited.Base.Device.Allocate(positions.Length, memory.Reads == Site.MlpHidden ? config.NInner : config.NEmbd))];
        int[] batch = [];
        IEnumerable<Opening> openings = edited.Memories.Zip(read, (memory, rows) =>
            Opening.Look(memory.Block, memory.Reads, Reach.Last, passing => passing.Device.Scatter(passing.Value, batch, rows)));
        int[][] prefixes = [.. positions.Select(p => sequences[p.Sequence][..(p.Position + 1)])];
        Tensor whole = EndStates.AtLast(
            edited.Model, [.. openings, .. edited.Openings], prefixes, order: next => batch = next, cancellation);
        return new Comparison(edited, sequences, positions, trace: null, baseStates, whole, read);
    }

    /// <summary>
    /// Two edited models of one base at the same positions; what the base model computes is computed once where both can do with it.
    /// </summary>
    /// <param name="before">A model.</param>
    /// <param name="after">Another.</param>
    /// <param name="sequences">Token sequences.</param>
    /// <param name="from">First position of each to look at; all later ones follow.</param>
    /// <param name="cancellation">Checked between batches of sequences.</param>
    public static (Comparison Before, Comparison After) RunBoth(
        EditedModel before, EditedModel after, IReadOnlyList<int[]> sequences, int[] from, CancellationToken cancellation = default)
    {
        bool isPlain = after.Memories.Count == 0 && ReferenceEquals(after.Base, after.Model); // it can use any trace: the other chooses
        Comparison first = Run(isPlain ? before : after, sequences, from, cancellation: cancellation);
        EditedModel other = isPlain ? after : before;
        Comparison second = first.Beside(other) ?? Run(other, sequences, from, cancellation: cancellation);
        return isPlain ? (first, second) : (second, first);
    }

    /// <summary>The base model's logits at some positions, <c>[count,V]</c>.</summary>
    public Variable BaseLogits(int first, int count) => edited.Base.Logits(baseStates.Slice(first, count));

    /// <summary>
    /// What fires at some positions; of several memories the first that adds something, or else the one that comes closest.
    /// </summary>
    /// <param name="first">The first position.</param>
    /// <param name="count">How many.</param>
    /// <param name="withdrawn">For each an edit to be taken as withdrawn; null for none.</param>
    public Firing[] Fire(int first, int count, IReadOnlyList<long?>? withdrawn = null)
    {
        RowTokens behind = TokensFrom(first);
        if (edited.Memories is [var only]) // no choice to be made for each row
            return only.Fire(read[0].Slice(first, count), behind, withdrawn);
        Firing[][] all = [.. edited.Memories.Select((memory, i) => memory.Fire(read[i].Slice(first, count), behind, withdrawn))];
        return [.. Enumerable.Range(0, count).Select(r =>
            all.Select(firings => firings[r]).OrderByDescending(f => f.Adds).ThenByDescending(f => f.Margin).FirstOrDefault())];
    }

    /// <summary>How the edits see one position, the one that speaks first and then those that come closest.</summary>
    /// <param name="position">The position.</param>
    /// <param name="count">At most so many.</param>
    public IReadOnlyList<Firing> Nearest(int position, int count) =>
        [.. edited.Memories.SelectMany((memory, i) => memory.Nearest(read[i].Slice(position, 1), TokensFrom(position), count)).Take(count)];

    /// <summary>Per position the edits that would speak there, those of earlier memories first.</summary>
    public IReadOnlyList<Firing>[] Claims()
    {
        IReadOnlyList<Firing>[][] all = [.. edited.Memories.Select((memory, i) => memory.Claims(read[i], TokensFrom(0)))];
        return [.. Enumerable.Range(0, Positions.Count).Select(r => (IReadOnlyList<Firing>)[.. all.SelectMany(claims => claims[r])])];
    }

    /// <summary>Those of some positions at which the edited model may differ from the base model.</summary>
    /// <param name="firings">What <see cref="Fire"/> gave for them.</param>
    /// <returns>Indices into <paramref name="firings"/>.</returns>
    public int[] Differing(IReadOnlyList<Firing> firings) =>
        [.. Enumerable.Range(0, firings.Count).Where(r => editedStates is not null || firings[r].Adds)];

    /// <summary>The edited model's logits at some positions, <c>[rows,V]</c>.</summary>
    /// <param name="rows">The positions.</param>
    /// <param name="firings">What fires at each of them.</param>
    public Variable EditedLogits(int[] rows, IReadOnlyList<Firing> firings)
    {
        if (editedStates is not null) return edited.Model.Logits(Ops.Embedding(editedStates, rows));
        Variable hidden = Ops.Embedding(trace!.Hidden, rows);
        return trace.TailOf(rows)(edited.Memories[0].Apply(hidden, firings));
    }

    /// <summary>
    /// How many positions to ask <see cref="EditedLogits"/> for at once, so that the keys and values they look back at stay below a
    /// bound.
    /// </summary>
    /// <param name="numbers">The bound, in numbers.</param>
    /// <param name="most">No more than this.</param>
    public int RowsAtOnce(long numbers, int most)
    {
        if (trace is null) return most;
        int longest = Positions.Max(p => p.Position) + 1, blocks = Math.Max(1, edited.Base.Config.NLayer - 1 - trace.Layer);
        return (int)Math.Clamp(numbers / (2L * blocks * longest * edited.Base.Config.NEmbd), 1, most);
    }

    /// <summary>The tokens behind the positions from one on.</summary>
    private RowTokens TokensFrom(int first) => new(row =>
    {
        TracedPosition at = Positions[first + row];
        return sequences[at.Sequence].AsMemory(0, at.Position + 1);
    });

    /// <summary>Another edited model over what the base model has left here; null where it needs more than that.</summary>
    private Comparison? Beside(EditedModel other)
    {
        if (!other.IsTraceable) return null;
        if (other.Memories is []) return new Comparison(other, sequences, [.. Positions], trace, baseStates, editedStates: null, []);
        return trace is not null && trace.Layer == other.Memories[0].Block
            ? new Comparison(other, sequences, [.. Positions], trace, baseStates, editedStates: null, [trace.X])
            : null;
    }
}
