using System.Diagnostics;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>
/// How fast memory can be read: what limits decoding, where each token reads all weights once. The best of several
/// sequential reads, by all threads, of a buffer far larger than the caches.
/// </summary>
internal static class BenchBandwidth
{
    private const int BufferBytes = 512 << 20, PartBytes = 4 << 20, Reads = 8;

    /// <summary>Bytes per second.</summary>
    /// <param name="threads">How many read.</param>
    public static double BytesPerSecond(int threads)
    {
        float[] buffer = new float[BufferBytes / sizeof(float)];
        buffer.AsSpan().Fill(1); // pages that nobody has written are all the same one
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads };
        double best = 0;
        for (int read = 0; read < Reads; read++)
        {
            float[] sums = new float[BufferBytes / PartBytes];
            long start = Stopwatch.GetTimestamp();
            Parallel.For(0, sums.Length, options, part => sums[part] = RowMath.Sum(buffer.AsSpan(part * (PartBytes / sizeof(float)), PartBytes / sizeof(float))));
            best = Math.Max(best, BufferBytes / Stopwatch.GetElapsedTime(start).TotalSeconds);
            if (sums[0] == 0) throw new InvalidOperationException("The sum of ones is 0."); // the sums are needed, so nothing is left out
        }

        return best;
    }
}
