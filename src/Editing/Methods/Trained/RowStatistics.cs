using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>
/// The <see cref="RunningMoments"/> of rows as one tensor <c>[3,n]</c>, which is kept with a network or an edit: how many rows in every
/// place, the means, the sums of squared deviations.
/// </summary>
/// <param name="tensor">The statistics; changed in place by <see cref="Add"/>.</param>
internal sealed class RowStatistics(Tensor tensor)
{
    /// <summary>Rows of the tensor.</summary>
    public const int Parts = 3;

    /// <summary>A float32 counts no farther. What comes behind so many rows would not move a mean any more.</summary>
    private const int Most = 1 << 24;

    private const double Epsilon = 1e-7;

    /// <summary>Takes rows into account.</summary>
    /// <param name="rows">Any number, each of n numbers.</param>
    public void Add(IReadOnlyList<float[]> rows)
    {
        RunningMoments moments = Moments();
        if (moments.Count + rows.Count > Most) return;
        moments.Add(rows);
        IEnumerable<double> all = [.. Enumerable.Repeat((double)moments.Count, tensor.Columns), .. moments.Mean, .. moments.Squares];
        tensor.Device.Upload([.. all.Select(value => (float)value)], tensor);
    }

    /// <summary>(row - mean) / (deviation + 1e-7), for each.</summary>
    /// <param name="rows">At least one.</param>
    /// <param name="device">Where the result is wanted.</param>
    /// <returns><c>[rows,n]</c>.</returns>
    /// <exception cref="InputException">The statistics are of fewer than two rows.</exception>
    public Tensor Normalized(IReadOnlyList<float[]> rows, Device device)
    {
        RunningMoments moments = Moments();
        if (moments.Count < 2)
        {
            throw new InputException(
                "Statistics of gradients are of one position only, expected two or more.",
                "begin with an edit of a longer target, or of more edits at once.");
        }

        float[] normalized = [.. rows.SelectMany(row => moments.Normalize(row, Epsilon)).Select(value => (float)value)];
        return device.From(normalized, rows.Count, tensor.Columns);
    }

    private RunningMoments Moments()
    {
        float[] all = tensor.ToArray();
        int n = tensor.Columns;
        return RunningMoments.Of((long)all[0], all[n..(2 * n)], all[(2 * n)..]);
    }
}
