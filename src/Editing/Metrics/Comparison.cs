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
/// Where a router answers a sequence's prompt, which is its tokens up to the first position, it is read again by that route.
/// </summary>
internal sealed class Comparison
{
    private readonly EditedModel edited;
    private readonly IReadOnlyList<int[]> sequences;
    private readonly Trace? trace;
    private readonly Tensor baseStates;
    private readonly Tensor? editedStates; // null where the trace's tail gives them
    private readonly Tensor[] read; // what each memory decides by, [P,…]
    private IReadOnlyList<(IKeyedEdits Edits, Tensor Read)> keyed; // routers, then memories
    private int[] prompts = []; // how many tokens the prompt of each sequence has

    private Comparison(
        EditedModel edited, IReadOnlyList<int[]> sequences, TracedPosition[] positions, Trace? trace, Tensor baseStates,
        Tensor? editedStates, Tensor[] read)
    {
        (this.edited, this.sequences, Positions, this.trace, this.baseStates, this.editedStates, this.read) =
            (edited, sequences, positions, trace, baseStates, editedStates, read);
        keyed = [.. edited.Memories.Zip<IKeyedEdits, Tensor>(read)];
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
        Comparison unrouted = Unrouted(edited, sequences, from, traces, cancellation);
        if (edited.Routers.Count == 0) return unrouted;
        int[][] prompts = [.. sequences.Select((sequence, s) => sequence[..(from[s] + 1)])];
        int[] sequenceOf = [.. unrouted.Positions.Select(p => p.Sequence)];
        IEnumerable<(IKeyedEdits, Tensor)> routers = edited.Routers.Select(router =>
            ((IKeyedEdits)router, Ops.Embedding(router.Read(edited.Base, prompts, cancellation), sequenceOf).Value));
        (unrouted.keyed, unrouted.prompts) = ([.. routers, .. unrouted.keyed], [.. prompts.Select(prompt => prompt.Length)]);
        return unrouted;
    }

    /// <summary>The same as if no router answered.</summary>
    private static Comparison Unrouted(
        EditedModel edited, IReadOnlyList<int[]> sequences, int[] from, TraceFolder? traces, CancellationToken cancellation)
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
            edited.Base.Device.Allocate(positions.Length, memory.Reads.Width(config)))];
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
        bool isPlain = !after.Keyed.Any() && !after.ChangesWeights; // it can use any trace: the other chooses
        Comparison first = Run(isPlain ? before : after, sequences, from, cancellation: cancellation);
        EditedModel other = isPlain ? after : before;
        Comparison second = first.Beside(other) ?? Run(other, sequences, from, cancellation: cancellation);
        return isPlain ? (first, second) : (second, first);
    }

    /// <summary>The base model's logits at some positions, <c>[count,V]</c>.</summary>
    public Variable BaseLogits(int first, int count) => edited.Base.Logits(baseStates.Slice(first, count));

    /// <summary>
    /// What fires at some positions; of several routers and memories the first that adds something, or else the one that comes closest.
    /// </summary>
    /// <param name="first">The first position.</param>
    /// <param name="count">How many.</param>
    /// <param name="withdrawn">For each an edit to be taken as withdrawn; null for none.</param>
    public Firing[] Fire(int first, int count, IReadOnlyList<long?>? withdrawn = null)
    {
        RowTokens behind = TokensFrom(first);
        Firing[][] all = [.. keyed.Select(one => one.Edits.Fire(one.Read.Slice(first, count), behind, withdrawn))];
        if (all is [var only]) return only; // no choice to be made for each row
        return [.. Enumerable.Range(0, count).Select(r =>
        {
            IEnumerable<Firing> here = all.Select(firings => firings[r]);
            return here.FirstOrDefault(firing => firing.Adds) is { Adds: true } adds
                ? adds
                : here.OrderByDescending(firing => firing.Edit != 0).ThenByDescending(firing => firing.Margin).FirstOrDefault();
        })];
    }

    /// <summary>How the edits see one position, the one that speaks first and then those that come closest.</summary>
    /// <param name="position">The position.</param>
    /// <param name="count">At most so many.</param>
    public IReadOnlyList<Firing> Nearest(int position, int count) =>
        [.. keyed.SelectMany(one => one.Edits.Nearest(one.Read.Slice(position, 1), TokensFrom(position), count))
            .OrderByDescending(firing => keyed.Count > 1 && firing.Adds).Take(count)];

    /// <summary>Per position the edits that would speak there, those of routers and earlier memories first.</summary>
    public IReadOnlyList<Firing>[] Claims()
    {
        IReadOnlyList<Firing>[][] all = [.. keyed.Select(one => one.Edits.Claims(one.Read, TokensFrom(0)))];
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
        int[] routed = [.. Enumerable.Range(0, rows.Length).Where(i => IsRouted(firings[i]))];
        if (routed.Length == 0) return UnroutedLogits(rows, firings);
        Tensor states = RoutedStates.Of(
            edited, [.. routed.Select(i => (Positions[rows[i]], firings[i]))], sequences, prompts);
        Variable ofRoutes = edited.Model.Logits(states);
        int[] others = [.. Enumerable.Range(0, rows.Length).Except(routed)];
        if (others.Length == 0) return ofRoutes;
        Variable ofOthers = UnroutedLogits([.. others.Select(i => rows[i])], [.. others.Select(i => firings[i])]);
        Tensor all = Device.Allocate(rows.Length, edited.Base.Config.VocabSize);
        Device.Scatter(ofRoutes.Value, routed, all);
        Device.Scatter(ofOthers.Value, others, all);
        return all;
    }

    private bool IsRouted(Firing firing) => firing.Adds && edited.Routers.Any(router => router.Holds(firing.Edit));

    private Variable UnroutedLogits(int[] rows, IReadOnlyList<Firing> firings)
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
        if (!other.IsTraceable || other.Routers.Count > 0) return null;
        if (other.Memories is []) return new Comparison(other, sequences, [.. Positions], trace, baseStates, editedStates: null, []);
        return trace is not null && trace.Layer == other.Memories[0].Block
            ? new Comparison(other, sequences, [.. Positions], trace, baseStates, editedStates: null, [trace.X])
            : null;
    }
}
