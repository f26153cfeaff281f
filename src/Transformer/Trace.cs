using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>
/// What one base pass leaves behind for editing at one block: for every traced position the MLP's input and the
/// block's output, and the keys and values that the blocks above attend to. The base model is frozen, so nothing
/// else of it is ever computed twice: any edit, threshold or withdrawal re-runs only <see cref="CausalLm.TailLogits"/>.
/// </summary>
public sealed class Trace
{
    /// <summary>Tokens, padding included, that go through the model together: enough that reading the weights costs little.</summary>
    private const int TokensAtOnce = 1024;

    private readonly CausalLm model;

    internal Trace(CausalLm model, int layer, IReadOnlyList<TracedPosition> positions, IReadOnlyList<SequenceContext> contexts, Tensor x, Tensor hidden, Tensor final) =>
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
        ILookup<int, int> rowsOf = Enumerable.Range(0, positions.Length).ToLookup(row => positions[row].Sequence);
        var contexts = new SequenceContext[sequences.Count];
        Tensor x = Rows(), hidden = Rows(), final = Rows(), passX = Rows(), passHidden = Rows(), passFinal = Rows();
        int[] placeOf = new int[positions.Length]; // of a position among the rows in the order of the passes
        int made = 0;
        foreach (int[] batch in SimilarLengths(sequences))
        {
            cancellation.ThrowIfCancellationRequested();
            int[] rows = [.. batch.SelectMany(sequence => rowsOf[sequence])];
            Pass(batch, rows);
            foreach (int row in rows) placeOf[row] = made++;
        }

        Arrange(passX, x);
        Arrange(passHidden, hidden);
        Arrange(passFinal, final);
        return new Trace(model, layer, positions, contexts, x, hidden, final);

        Tensor Rows() => model.Device.Allocate(positions.Length, model.Config.NEmbd);

        void Pass(int[] batch, int[] rows)
        {
            Device device = model.Device;
            var tokens = new TokenBatch([.. batch.Select(sequence => sequences[sequence])]);
            KvCache cache = model.NewCache(tokens.B, tokens.T, layer + 1);
            for (int b = 0; b < batch.Length; b++) contexts[batch[b]] = cache.ContextOf(b, tokens.Lengths[b]);
            using BufferScope scope = device.Scope();
            int[] flat = [.. batch.SelectMany((sequence, b) => rowsOf[sequence].Select(row => b * tokens.T + positions[row].Position))];
            var look = new FeedForwardSlot(layer, input =>
            {
                device.Gather(input.Value, flat, passX.Slice(made, rows.Length));
                return null;
            });
            Tensor last = model.Hidden(tokens, cache, look, h => device.Gather(h.Value, flat, passHidden.Slice(made, rows.Length)), flat).Value;
            device.Copy(last, passFinal.Slice(made, rows.Length));
        }

        void Arrange(Tensor inPasses, Tensor inOrder)
        {
            model.Device.Gather(inPasses, placeOf, inOrder);
            inPasses.Storage.Release();
        }
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
        ILookup<int, int> rowsOf = Enumerable.Range(0, positions.Length).ToLookup(row => positions[row].Sequence);
        Device device = model.Device;
        Tensor x = device.Allocate(positions.Length, model.Config.NEmbd);
        foreach (int[] batch in SimilarLengths(sequences))
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = device.Scope();
            var tokens = new TokenBatch([.. batch.Select(sequence => sequences[sequence])]);
            int[] rows = [.. batch.SelectMany(sequence => rowsOf[sequence])];
            int[] flat = [.. batch.SelectMany((sequence, b) => rowsOf[sequence].Select(row => b * tokens.T + positions[row].Position))];
            Tensor inputs = model.MlpInput(tokens, layer, flat);
            for (int i = 0; i < rows.Length; i++) device.Copy(inputs.Slice(i, 1), x.Slice(rows[i], 1));
        }

        return x;
    }

    /// <summary>The base model's logits at every traced position, <c>[P,V]</c>.</summary>
    public Tensor BaseLogits() => model.Logits(Final).Value;

    /// <summary>A tail for some of the traced positions, with a context of its own.</summary>
    /// <param name="rows">Indices into <see cref="Positions"/>.</param>
    public Tail TailOf(params ReadOnlySpan<int> rows)
    {
        var seen = new SequenceContext[rows.Length];
        int[] lengths = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++) (seen[i], lengths[i]) = (Contexts[Positions[rows[i]].Sequence], Positions[rows[i]].Position);
        return new Tail(model, Layer, KvCache.Of(model.Config, model.Device, seen, lengths, Layer + 1), lengths);
    }

    /// <summary>Indices of the sequences, shortest first, cut where a batch would grow beyond <see cref="TokensAtOnce"/>.</summary>
    internal static IEnumerable<int[]> SimilarLengths(IReadOnlyList<int[]> sequences)
    {
        var batch = new List<int>();
        foreach (int next in Enumerable.Range(0, sequences.Count).OrderBy(i => sequences[i].Length))
        {
            if ((batch.Count + 1) * sequences[next].Length > TokensAtOnce && batch.Count > 0)
            {
                yield return [.. batch];
                batch.Clear();
            }

            batch.Add(next);
        }

        if (batch.Count > 0) yield return [.. batch];
    }
}

/// <summary>A position of one sequence of a trace.</summary>
/// <param name="Sequence">Index of the sequence.</param>
/// <param name="Position">Its position, 0-based.</param>
public readonly record struct TracedPosition(int Sequence, int Position)
{
    /// <summary>All positions of each sequence from a first one on.</summary>
    /// <exception cref="ArgumentException">There is not one first position per sequence and within it.</exception>
    internal static TracedPosition[] All(IReadOnlyList<int[]> sequences, ReadOnlySpan<int> from)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        if (from.Length != sequences.Count) throw new ArgumentException($"Trace: {sequences.Count} sequences, {from.Length} first positions.");
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
