using System.Numerics;
using System.Runtime.InteropServices;

namespace Sharpformer.Peers;

/// <summary>How fast memory is read by loads one after the other, far more of it than the caches hold: what bounds decoding.</summary>
/// <param name="threads">How many threads share the reading.</param>
internal sealed class PlainRead(int threads)
{
    private const int Bytes = 512 << 20;

    // Pages that nobody has written are all the same one.
    private readonly Lazy<long[]> memory = new(() =>
    {
        long[] words = new long[Bytes / sizeof(long)];
        words.AsSpan().Fill(1);
        return words;
    });

    /// <summary>Reads all of it once; seconds a byte.</summary>
    public double Sample()
    {
        long[] words = memory.Value, sums = new long[threads];
        double seconds = Alternation.Seconds(() => Parallel.For(
            0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread =>
            {
                int first = (int)((long)words.Length * thread / threads), end = (int)((long)words.Length * (thread + 1) / threads);
                sums[thread] = Sum(words.AsSpan(first, end - first));
            }));
        // The sums are needed, so no load is left out.
        return sums.Sum() > 0 ? seconds / Bytes : throw new InvalidOperationException("The sum of ones is not above 0.");
    }

    /// <summary>A row of its own: the median of some passes, and the best.</summary>
    public Row Row()
    {
        const int Passes = 15;
        Sample();
        double[] passes = [.. Enumerable.Range(0, Passes).Select(_ => 1e-9 / Alternation.Settled(Sample))];
        return Alternation.Told(new Row(
            $"plain sequential read, {threads} threads, best of {Passes} {passes.Max():0.0}", "GB", Alternation.Median(passes), null, null, null, null, "-"));
    }

    private static long Sum(ReadOnlySpan<long> words)
    {
        const int Lanes = 4;
        ReadOnlySpan<Vector<long>> vectors = MemoryMarshal.Cast<long, Vector<long>>(words);
        Vector<long> a = default, b = default, c = default, d = default;
        for (int i = 0; i <= vectors.Length - Lanes; i += Lanes)
        {
            a += vectors[i];
            b += vectors[i + 1];
            c += vectors[i + 2];
            d += vectors[i + 3];
        }

        return Vector.Sum(a + b + c + d);
    }
}
