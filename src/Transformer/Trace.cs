using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>
/// What one base pass leaves behind for editing at one block: for every traced position the MLP's input and the
/// block's output, and the keys and values that the blocks above attend to. The base model is frozen, so nothing
/// else of it is ever computed twice: any edit, threshold or withdrawal re-runs only <see cref="CausalLm.TailLogits"/>.
/// </summary>
public sealed class Trace
{
    private readonly CausalLm model;
    private readonly KvCache above;

    private Trace(CausalLm model, int layer, IReadOnlyList<TracedPosition> positions, KvCache above, Tensor x, Tensor hidden, Tensor final) =>
        (this.model, Layer, Positions, this.above, X, Hidden, Final) = (model, layer, positions, above, x, hidden, final);

    /// <summary>The block whose opening was looked through.</summary>
    public int Layer { get; }

    /// <summary>P traced positions; rows of the tensors below.</summary>
    public IReadOnlyList<TracedPosition> Positions { get; }

    /// <summary>x: the MLP's input at each position, <c>[P,C]</c>.</summary>
    public Tensor X { get; }

    /// <summary>The block's output in the base model, <c>[P,C]</c>.</summary>
    public Tensor Hidden { get; }

    /// <summary>The last block's output in the base model, <c>[P,C]</c>.</summary>
    public Tensor Final { get; }

    /// <summary>Runs the base model over token sequences.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="sequences">B token sequences.</param>
    /// <param name="from">First traced position of each; all later ones are traced too.</param>
    /// <param name="layer">The block to look into.</param>
    /// <returns>Tensors that belong to the device's current scope.</returns>
    /// <exception cref="ArgumentException">There is not one first position per sequence and within it, or no such block.</exception>
    public static Trace Run(CausalLm model, IReadOnlyList<int[]> sequences, ReadOnlySpan<int> from, int layer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sequences);
        var batch = new TokenBatch(sequences);
        if (from.Length != batch.B) throw new ArgumentException($"Trace: {batch.B} sequences, {from.Length} first positions.");
        var positions = new List<TracedPosition>();
        for (int b = 0; b < batch.B; b++)
        {
            if ((uint)from[b] >= (uint)batch.Lengths[b])
                throw new ArgumentException($"Trace: sequence {b} has {batch.Lengths[b]} tokens, its first traced position is {from[b]}.");
            for (int t = from[b]; t < batch.Lengths[b]; t++) positions.Add(new TracedPosition(b, t));
        }

        int[] rows = [.. positions.Select(p => p.Sequence * batch.T + p.Position)];
        Device device = model.Device;
        KvCache cache = model.NewCache(batch.B, batch.T, layer + 1);
        Tensor x = Rows(), hidden = Rows(), final = Rows();
        using (device.Scope())
        {
            var look = new FeedForwardSlot(layer, input =>
            {
                device.Gather(input.Value, rows, x);
                return null;
            });
            Variable last = model.Hidden(batch, cache, look, h => device.Gather(h.Value, rows, hidden));
            device.Gather(last.Value, rows, final);
        }

        return new Trace(model, layer, positions, cache, x, hidden, final);

        Tensor Rows() => device.Allocate(rows.Length, model.Config.NEmbd);
    }

    /// <summary>The base model's logits at every traced position, <c>[P,V]</c>.</summary>
    public Tensor BaseLogits() => model.Logits(Final).Value;

    /// <summary>A tail for some of the traced positions, with a context of its own.</summary>
    /// <param name="rows">Indices into <see cref="Positions"/>.</param>
    public Tail TailOf(params ReadOnlySpan<int> rows)
    {
        int[] sequences = new int[rows.Length], lengths = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++) (sequences[i], lengths[i]) = Positions[rows[i]];
        return new Tail(model, Layer, above.Select(model.Config, sequences, lengths, Layer + 1), lengths);
    }
}

/// <summary>A position of one sequence of a trace.</summary>
/// <param name="Sequence">Index of the sequence.</param>
/// <param name="Position">Its position, 0-based.</param>
public readonly record struct TracedPosition(int Sequence, int Position);

/// <summary>The rest of the model above an edited block, for N positions against their frozen contexts.</summary>
public sealed class Tail
{
    private readonly CausalLm model;
    private readonly int layer;
    private readonly KvCache context;
    private readonly int[] positions;

    internal Tail(CausalLm model, int layer, KvCache context, int[] positions) =>
        (this.model, this.layer, this.context, this.positions) = (model, layer, context, positions);

    /// <summary>
    /// From the edited block's output <c>[N,C]</c> to logits <c>[N,V]</c>. May be called again and again; a tape must
    /// be played before the next call.
    /// </summary>
    public Variable Logits(Variable hidden) => model.TailLogits(hidden, layer, context, positions);
}
