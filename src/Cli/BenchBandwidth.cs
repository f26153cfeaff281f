using System.Diagnostics;
using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>
/// How fast memory can be read: what limits decoding, where each token reads all weights once. The best of several
/// sequential passes over a buffer far larger than the caches.
/// </summary>
internal static class BenchBandwidth
{
    private const int BufferBytes = 512 << 20, PartBytes = 4 << 20, Passes = 8;

    /// <summary>Bytes per second that the processor reads.</summary>
    /// <param name="threads">How many read.</param>
    public static double OfThreads(int threads)
    {
        float[] buffer = new float[BufferBytes / sizeof(float)];
        buffer.AsSpan().Fill(1); // pages that nobody has written are all the same one
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads };
        return BufferBytes / Best(() =>
        {
            float[] sums = new float[BufferBytes / PartBytes];
            const int Floats = PartBytes / sizeof(float);
            Parallel.For(0, sums.Length, options, part => sums[part] = RowMath.Sum(buffer.AsSpan(part * Floats, Floats)));
            if (sums[0] == 0) throw new InvalidOperationException("The sum of ones is 0."); // the sums are needed, so nothing is left out
        });
    }

    /// <summary>Bytes per second that an accelerator reads and writes, half of them each.</summary>
    public static double OfDevice(Device device)
    {
        using BufferScope scope = device.Scope();
        Tensor x = device.Zeros(new Shape(BufferBytes / 2 / sizeof(float))), y = device.Allocate(x.Shape), one = device.Zeros(new Shape(1));
        float[] waited = new float[1];
        return BufferBytes / Best(() =>
        {
            device.Map<Negated>(x, y);
            device.Download(one, waited); // the only way to wait; it comes after the pass
        });
    }

    private static double Best(Action pass)
    {
        double best = double.PositiveInfinity;
        for (int i = 0; i < Passes; i++)
        {
            long start = Stopwatch.GetTimestamp();
            pass();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private readonly struct Negated : IUnaryOp
    {
        public static float Apply(float x) => -x;

        public static Vector<float> Apply(Vector<float> x) => -x;
    }
}
