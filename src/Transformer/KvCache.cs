using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>
/// Keys and values of the positions already seen, for a batch of B sequences. Each sequence has its own length;
/// blocks below <see cref="FirstKept"/> share one scratch pair that is valid only during the pass that writes it,
/// because a trace needs to remember the blocks above its own alone.
/// </summary>
public sealed class KvCache
{
    private readonly Device device;
    private readonly int width;
    private readonly (Tensor Keys, Tensor Values)[] layers;
    private readonly int[] tokens; // [B,Capacity]

    /// <summary>An empty cache; tensors come from the device's current scope.</summary>
    /// <param name="config">Architecture.</param>
    /// <param name="device">Where it lives.</param>
    /// <param name="batch">B.</param>
    /// <param name="capacity">Positions per sequence.</param>
    /// <param name="firstKept">First block whose keys and values stay readable after a pass.</param>
    public KvCache(ModelConfig config, Device device, int batch, int capacity, int firstKept = 0)
        : this(config, device, batch, capacity, firstKept, hasScratch: firstKept > 0)
    {
    }

    private KvCache(ModelConfig config, Device device, int batch, int capacity, int firstKept, bool hasScratch)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(device);
        (this.device, width, Batch, Capacity, FirstKept) = (device, config.NEmbd, batch, capacity, firstKept);
        layers = new (Tensor, Tensor)[config.NLayer];
        (Tensor, Tensor) scratch = hasScratch ? NewPair() : default;
        for (int l = 0; l < layers.Length; l++) layers[l] = l < firstKept ? scratch : NewPair();
        Lengths = new int[batch];
        tokens = new int[batch * capacity];
    }

    /// <summary>B: number of sequences.</summary>
    public int Batch { get; }

    /// <summary>Positions each sequence has room for.</summary>
    public int Capacity { get; }

    /// <summary>First block whose keys and values are remembered.</summary>
    public int FirstKept { get; }

    /// <summary>Positions seen so far, per sequence.</summary>
    public int[] Lengths { get; }

    /// <summary>The first tokens of a sequence that were read.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="length">How many.</param>
    public ReadOnlyMemory<int> TokensOf(int sequence, int length) => tokens.AsMemory(sequence * Capacity, length);

    /// <summary>Keeps the new tokens of the first sequences behind those they have; whoever passes them on lengthens the cache.</summary>
    internal void Note(TokenBatch batch)
    {
        for (int b = 0; b < batch.B; b++)
        {
            int kept = Math.Clamp(Capacity - Lengths[b], 0, batch.Lengths[b]); // where there is no room, the pass itself says so
            batch.Ids.AsSpan(b * batch.T, kept).CopyTo(tokens.AsSpan((b * Capacity) + Lengths[b]));
        }
    }

    /// <summary>Keys of a block, <c>[B,Capacity,C]</c>.</summary>
    public Tensor Keys(int layer) => layers[layer].Keys;

    /// <summary>Values of a block, <c>[B,Capacity,C]</c>.</summary>
    public Tensor Values(int layer) => layers[layer].Values;

    /// <summary>
    /// Keys and values of a block for a pass that is played back later: scratch, which the next block writes over, gives way to a
    /// pair of its own.
    /// </summary>
    internal (Tensor Keys, Tensor Values) Lasting(int layer) => layer < FirstKept ? NewPair() : layers[layer];

    /// <summary>
    /// A cache for N sequences whose first positions are known, holding the blocks from <paramref name="firstLayer"/> on.
    /// </summary>
    /// <param name="config">Architecture.</param>
    /// <param name="device">Where it lives.</param>
    /// <param name="contexts">What each sequence has seen; one may be named often.</param>
    /// <param name="lengths">How many positions of it to take.</param>
    /// <param name="room">How many more there is room for.</param>
    /// <param name="firstLayer">The first block.</param>
    internal static KvCache Of(
        ModelConfig config, Device device, ReadOnlySpan<SequenceContext> contexts, ReadOnlySpan<int> lengths, int room, int firstLayer)
    {
        int longest = 0;
        foreach (int length in lengths) longest = Math.Max(longest, length);
        // No pass visits the blocks below.
        var cache = new KvCache(config, device, contexts.Length, longest + room, firstLayer, hasScratch: false);
        lengths.CopyTo(cache.Lengths);
        for (int i = 0; i < contexts.Length; i++) contexts[i].Tokens.Span[..lengths[i]].CopyTo(cache.tokens.AsSpan(i * cache.Capacity));
        for (int l = firstLayer; l < config.NLayer; l++)
        {
            for (int i = 0; i < contexts.Length; i++)
            {
                device.Copy(contexts[i].Keys[l - firstLayer] with { Rows = lengths[i] }, Positions(cache.Keys(l), i, 0, lengths[i]));
                device.Copy(contexts[i].Values[l - firstLayer] with { Rows = lengths[i] }, Positions(cache.Values(l), i, 0, lengths[i]));
            }
        }

        return cache;
    }

    /// <summary>The first positions of one sequence, in the blocks that are remembered; read it once they are written.</summary>
    internal SequenceContext ContextOf(int sequence, int length) => new(
        [.. layers.Skip(FirstKept).Select(pair => Positions(pair.Keys, sequence, 0, length))],
        [.. layers.Skip(FirstKept).Select(pair => Positions(pair.Values, sequence, 0, length))],
        TokensOf(sequence, length));

    /// <summary>
    /// Remembers keys and values at one position per sequence, of the blocks from <paramref name="firstLayer"/>
    /// on; the returned action puts them back.
    /// </summary>
    public Action SavePositions(ReadOnlySpan<int> positions, int firstLayer)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(firstLayer, FirstKept);
        int[] rows = new int[positions.Length];
        for (int b = 0; b < rows.Length; b++) rows[b] = b * Capacity + positions[b];
        var saved = new List<(Tensor Place, Tensor Copy)>();
        for (int l = firstLayer; l < layers.Length; l++)
        {
            foreach (Tensor cache in (ReadOnlySpan<Tensor>)[Keys(l), Values(l)])
            {
                Tensor place = cache.Reshape(Batch * Capacity, cache.Columns), copy = device.Allocate(rows.Length, cache.Columns);
                device.Gather(place, rows, copy);
                saved.Add((place, copy));
            }
        }

        return () => saved.ForEach(s => device.Scatter(s.Copy, rows, s.Place));
    }

    // Zeros, not garbage: attention multiplies invisible positions by 0, and 0 · NaN is NaN.
    private (Tensor Keys, Tensor Values) NewPair()
    {
        var shape = new Shape(Batch, Capacity, width);
        return (device.Zeros(shape), device.Zeros(shape));
    }

    /// <summary>Some positions of one sequence in keys or values <c>[B,S,C]</c>: <c>[count,C]</c>.</summary>
    private static MatrixView Positions(Tensor cache, int sequence, int start, int count)
    {
        (int S, int C) = (cache.Shape[1], cache.Shape[2]);
        return new MatrixView(cache, ((long)sequence * S + start) * C, count, C, C, 1);
    }
}
