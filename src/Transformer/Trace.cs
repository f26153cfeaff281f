using Sharpformer.Autograd;
using Sharpformer.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Transformer;

/// <summary>
/// What one base pass leaves behind for editing at one block: for every traced position the MLP's input and the
/// block's output, and the keys and values that the blocks above attend to. The base model is frozen, so nothing
/// else of it is ever computed twice: any edit, threshold or withdrawal re-runs only <see cref="CausalLm.TailLogits"/>.
/// </summary>
public sealed class Trace
{
    private readonly CausalLm model;

    internal Trace(
        CausalLm model, int layer, IReadOnlyList<TracedPosition> positions, IReadOnlyList<SequenceContext> contexts,
        Tensor x, Tensor hidden, Tensor final) =>
        (this.model, Layer, Positions, Contexts, X, Hidden, Final) = (model, layer, positions, contexts, x, hidden, final);

    /// <summary>The block whose opening was looked through.</summary>
    public int Layer { get; }

    /// <summary>P traced positions, sequence by sequence; rows of the tensors below.</summary>
    public IReadOnlyList<TracedPosition> Positions { get; }

    /// <summary>x: the MLP's input at each position, <c>[P,C]</c>.</summary>
    public Tensor X { get; }

    /// <summary>The block's output in the base model, <c>[P,C]</c>.</summary>
    public Tensor Hidden { get; }

    /// <summary>The last block's output in the base model, <c>[P,C]</c>.</summary>
    public Tensor Final { get; }

    /// <summary>What the blocks above attend to, one per sequence.</summary>
    internal IReadOnlyList<SequenceContext> Contexts { get; }

    /// <summary>
    /// Runs the base model over token sequences, those of similar length side by side, so that little is padding. What
    /// comes out does not depend on which sequences stand beside each other.
    /// </summary>
    /// <param name="model">The base model.</param>
    /// <param name="sequences">B token sequences.</param>
    /// <param name="from">First traced position of each; all later ones are traced too.</param>
    /// <param name="layer">The block to look into.</param>
    /// <param name="cancellation">Checked before each batch of sequences.</param>
    /// <returns>Tensors that belong to the device's current scope.</returns>
    /// <exception cref="ArgumentException">There is not one first position per sequence and within it, or no such block.</exception>
    public static Trace Run(
        CausalLm model, IReadOnlyList<int[]> sequences, ReadOnlySpan<int> from, int layer, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        TracedPosition[] positions = TracedPosition.All(sequences, from);
        Device device = model.Device;
        var contexts = new SequenceContext[sequences.Count];
        Tensor x = Rows(), hidden = Rows(), final = Rows();
        foreach (TracePass pass in TracePass.All(sequences, positions))
        {
            cancellation.ThrowIfCancellationRequested();
            TokenBatch tokens = pass.Tokens;
            KvCache cache = model.NewCache(tokens.B, tokens.T, layer + 1);
            for (int b = 0; b < tokens.B; b++) contexts[pass.Sequences[b]] = cache.ContextOf(b, tokens.Lengths[b]);
            using BufferScope scope = device.Scope();
            Opening Look(Site site, Tensor into) =>
                Opening.Look(layer, site, Reach.All, passing => pass.Place(Embedding(passing, pass.FlatRows).Value, into));
            Variable last = model.Hidden(tokens, cache, [Look(Site.MlpInput, x), Look(Site.BlockOutput, hidden)], pass.FlatRows);
            pass.Place(last.Value, final);
        }

        return new Trace(model, layer, positions, contexts, x, hidden, final);

        Tensor Rows() => device.Allocate(positions.Length, model.Config.NEmbd);
    }

    /// <summary>
    /// x alone, at the same positions: all that a birth needs without training, and what out-of-scope prompts are known by.
    /// Costs less than a trace: nothing beyond the block's attention runs.
    /// </summary>
    /// <returns><c>[P,C]</c>, sequence by sequence.</returns>
    /// <inheritdoc cref="Run"/>
    public static Tensor Inputs(
        CausalLm model, IReadOnlyList<int[]> sequences, ReadOnlySpan<int> from, int layer, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        TracedPosition[] positions = TracedPosition.All(sequences, from);
        Tensor x = model.Device.Allocate(positions.Length, model.Config.NEmbd);
        foreach (TracePass pass in TracePass.All(sequences, positions))
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = model.Device.Scope();
            pass.Place(model.MlpInput(pass.Tokens, layer, pass.FlatRows), x);
        }

        return x;
    }

    /// <summary>The base model's logits at every traced position, <c>[P,V]</c>.</summary>
    public Tensor BaseLogits() => model.Logits(Final).Value;

    /// <summary>
    /// The rest of the model above the block for some of the traced positions, with a context of its own: from the block's output
    /// <c>[rows,C]</c> to logits <c>[rows,V]</c>. May be called again and again; a tape must be played before the next call.
    /// </summary>
    /// <param name="rows">Indices into <see cref="Positions"/>.</param>
    public Func<Variable, Variable> TailOf(params ReadOnlySpan<int> rows)
    {
        var seen = new SequenceContext[rows.Length];
        int[] lengths = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++) (seen[i], lengths[i]) = (Contexts[Positions[rows[i]].Sequence], Positions[rows[i]].Position);
        var context = KvCache.Of(model.Config, model.Device, seen, lengths, room: 1, Layer + 1);
        return hidden => model.TailLogits(hidden, Layer, context, lengths);
    }
}

/// <summary>A position of one sequence of a trace.</summary>
/// <param name="Sequence">Index of the sequence.</param>
/// <param name="Position">Its position, 0-based.</param>
public readonly record struct TracedPosition(int Sequence, int Position)
{
    /// <summary>All positions of each sequence from a first one on.</summary>
    /// <param name="sequences">Token sequences.</param>
    /// <param name="from">The first position of each.</param>
    /// <exception cref="ArgumentException">There is not one first position per sequence and within it.</exception>
    public static TracedPosition[] All(IReadOnlyList<int[]> sequences, ReadOnlySpan<int> from)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        if (from.Length != sequences.Count)
            throw new ArgumentException($"Trace: {sequences.Count} sequences, {from.Length} first positions.");
        var positions = new List<TracedPosition>();
        for (int s = 0; s < sequences.Count; s++)
        {
            int length = sequences[s].Length;
            if ((uint)from[s] >= (uint)length)
                throw new ArgumentException($"Trace: sequence {s} has {length} tokens, its first traced position is {from[s]}.");
            for (int t = from[s]; t < length; t++) positions.Add(new TracedPosition(s, t));
        }

        return [.. positions];
    }
}
