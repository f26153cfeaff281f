using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>
/// Mean and deviation of the rows seen so far, number by number (Welford 1962), by which rows are normalised. They are one tensor
/// <c>[3,n]</c>: how many rows in every place, the means, the sums of squared deviations.
/// </summary>
/// <param name="tensor">The statistics; changed in place by <see cref="Add"/>.</param>
internal sealed class RowStatistics(Tensor tensor)
{
    /// <summary>A float32 counts no farther. What comes behind so many rows would not move a mean any more.</summary>
    private const int Most = 1 << 24;

    private const double Epsilon = 1e-7;

    /// <summary>Rows of the tensor.</summary>
    public const int Parts = 3;

    private int Size => tensor.Columns;

    /// <summary>Takes rows into account, one after the other.</summary>
    /// <param name="rows">Any number, each of n numbers.</param>
    public void Add(IEnumerable<float[]> rows)
    {
        double[] all = Array.ConvertAll(tensor.ToArray(), value => (double)value);
        Span<double> means = all.AsSpan(Size, Size), squares = all.AsSpan(2 * Size, Size);
        double count = all[0];
        foreach (float[] row in rows)
        {
            if (count >= Most) break;
            count++;
            for (int i = 0; i < row.Length; i++)
            {
                double from = row[i] - means[i];
                means[i] += from / count;
                squares[i] += from * (row[i] - means[i]);
            }
        }

        all.AsSpan(0, Size).Fill(count);
        tensor.Device.Upload(Array.ConvertAll(all, value => (float)value), tensor);
    }

    /// <summary>(row - mean) / (deviation + 1e-7), for each.</summary>
    /// <param name="rows">At least one.</param>
    /// <param name="device">Where the result is wanted.</param>
    /// <returns><c>[rows,n]</c>.</returns>
    /// <exception cref="InputException">The statistics are of fewer than two rows.</exception>
    public Tensor Normalized(IReadOnlyList<float[]> rows, Device device)
    {
        float[] all = tensor.ToArray();
        if (all[0] < 2)
        {
            throw new InputException(
                "Statistics of gradients are of one position only, expected two or more.",
                "begin with an edit of a longer target, or of more edits at once.");
        }

        double[] scales = [.. Enumerable.Range(0, Size).Select(i => 1 / (Math.Sqrt(all[2 * Size + i] / ((double)all[0] - 1)) + Epsilon))];
        float[] normalized = new float[rows.Count * Size];
        for (int i = 0; i < normalized.Length; i++)
            normalized[i] = (float)(((double)rows[i / Size][i % Size] - all[Size + (i % Size)]) * scales[i % Size]);
        return device.From(normalized, rows.Count, Size);
    }
}
