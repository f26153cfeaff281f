namespace Sharpformer.Editing.Methods.Gradients;

/// <summary>
/// Mean and variance of each number of the rows seen so far, in float64, taken up portion by portion: what gradients of unlike scale are
/// brought to one scale with.
/// </summary>
internal sealed class RunningMoments
{
    private const double Epsilon = 1.1920929e-7; // of float32, as PyTorch has it

    /// <summary>Nothing has been seen yet.</summary>
    /// <param name="columns">Numbers in a row.</param>
    public RunningMoments(int columns) => (Mean, Squares) = (new double[columns], new double[columns]);

    /// <summary>How many rows have been seen.</summary>
    public long Count { get; private set; }

    /// <summary>μ of each column.</summary>
    public double[] Mean { get; }

    /// <summary>The sum of squared distances from μ of each column.</summary>
    public double[] Squares { get; }

    /// <summary>Takes up moments that were written down.</summary>
    public static RunningMoments Of(long count, IReadOnlyList<float> mean, IReadOnlyList<float> squares)
    {
        var moments = new RunningMoments(mean.Count) { Count = count };
        for (int c = 0; c < mean.Count; c++) (moments.Mean[c], moments.Squares[c]) = (mean[c], squares[c]);
        return moments;
    }

    /// <summary>The same moments, to go on with.</summary>
    public RunningMoments Copy()
    {
        var copy = new RunningMoments(Mean.Length) { Count = Count };
        Mean.CopyTo(copy.Mean, 0);
        Squares.CopyTo(copy.Squares, 0);
        return copy;
    }

    /// <summary>Takes up a portion of rows, as if they had come one by one (Chan, Golub and LeVeque 1983).</summary>
    /// <param name="rows">Rows of one length.</param>
    /// <param name="unbiased">
    /// Whether the portion's own squares count B / (B - 1) times, as they do in released programs that multiply an unbiased variance by B.
    /// </param>
    public void Add(IReadOnlyList<float[]> rows, bool unbiased = false)
    {
        int B = rows.Count;
        if (B == 0) return;
        long after = Count + B;
        for (int c = 0; c < Mean.Length; c++)
        {
            double sum = 0, squares = 0;
            for (int b = 0; b < B; b++) sum += rows[b][c];
            double mean = sum / B;
            for (int b = 0; b < B; b++) squares += (rows[b][c] - mean) * (rows[b][c] - mean);
            if (unbiased && B > 1) squares *= (double)B / (B - 1);
            double moved = mean - Mean[c];
            Squares[c] += squares + moved * moved * Count * B / after;
            Mean[c] += moved * B / after;
        }

        Count = after;
    }

    /// <summary>(x - μ) / σ of a row.</summary>
    public double[] Whiten(float[] row) => Normalize(row, Epsilon);

    /// <summary>(x - μ) / (σ + ε) of a row.</summary>
    /// <param name="row">x.</param>
    /// <param name="epsilon">ε, also added to the count less one by which squares are divided.</param>
    public double[] Normalize(float[] row, double epsilon)
    {
        double[] whitened = new double[Mean.Length];
        for (int c = 0; c < whitened.Length; c++)
        {
            double deviation = Math.Sqrt(Squares[c] / (Count - 1 + epsilon));
            whitened[c] = (row[c] - Mean[c]) / (deviation + epsilon);
        }

        return whitened;
    }
}
