using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// Keys, values and thresholds of neurons, row by row. Rows are only ever added, so that adaptors of different length share one: each
/// looks at the first so many, and those never change.
/// </summary>
internal sealed class NeuronRows
{
    private readonly Device device;
    private int used;

    private NeuronRows(Device device, int capacity, int nEmbd)
    {
        this.device = device;
        (Keys, Values, Thresholds) = (Rows(nEmbd), Rows(nEmbd), Rows(1));

        Tensor Rows(int columns) => device.AllocateUnscoped(new Shape(capacity, columns)); // lives as long as an adaptor looks at it
    }

    /// <summary>k of each, <c>[capacity,C]</c>.</summary>
    public Tensor Keys { get; }

    /// <summary>v of each, <c>[capacity,C]</c>.</summary>
    public Tensor Values { get; }

    /// <summary>b of each, <c>[capacity,1]</c>.</summary>
    public Tensor Thresholds { get; }

    /// <summary>No rows.</summary>
    public static NeuronRows Empty(Device device, int nEmbd) => new(device, capacity: 0, nEmbd);

    /// <summary>The first <paramref name="count"/> rows with others behind them.</summary>
    /// <param name="count">Rows to keep.</param>
    /// <param name="more">Neurons to add.</param>
    public NeuronRows With(int count, IReadOnlyList<Neuron> more)
    {
        int total = count + more.Count;
        NeuronRows rows = this;
        if (count != used || total > Keys.Rows) // others look at what lies behind, or there is no room
        {
            rows = new NeuronRows(device, Math.Max(Math.Max(16, 2 * count), total), Keys.Columns);
            if (count > 0)
            {
                ReadOnlySpan<(Tensor, Tensor)> kept = [(Keys, rows.Keys), (Values, rows.Values), (Thresholds, rows.Thresholds)];
                foreach ((Tensor from, Tensor to) in kept) device.Copy(from.Slice(0, count), to.Slice(0, count));
            }
        }

        Upload(more, neuron => neuron.Key, rows.Keys, count);
        Upload(more, neuron => neuron.Value, rows.Values, count);
        device.Upload([.. more.Select(neuron => neuron.Threshold)], rows.Thresholds.Slice(count, more.Count));
        rows.used = total;
        return rows;
    }

    // Many rows at a time.
    private void Upload(IReadOnlyList<Neuron> more, Func<Neuron, float[]> vectorOf, Tensor rows, int first)
    {
        const int Most = 256;
        int width = rows.Columns;
        var together = new float[Math.Min(Most, more.Count) * width];
        for (int from = 0; from < more.Count; from += Most)
        {
            int count = Math.Min(Most, more.Count - from);
            for (int i = 0; i < count; i++)
            {
                float[] vector = vectorOf(more[from + i]);
                if (vector.Length != width)
                    throw new ArgumentException($"A neuron's key or value has {vector.Length} numbers, the model's width is {width}.");
                vector.CopyTo(together, i * width);
            }

            device.Upload(together.AsSpan(0, count * width), rows.Slice(first + from, count));
        }
    }
}
