using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Sharpformer.Peers;

/// <summary>How fast memory is read by loads one after the other, far more of it than the caches hold: what bounds decoding.</summary>
/// <param name="threads">How many threads share the reading.</param>
internal sealed class PlainRead(int threads)
{
    private const int Bytes = 512 << 20, PartWords = (4 << 20) / sizeof(long);

    // Pages that nobody has written are all the same one.
    private readonly Lazy<long[]> memory = new(() =>
    {
        long[] words = new long[Bytes / sizeof(long)];
        words.AsSpan().Fill(1);
        return words;
    });

    /// <summary>Seconds a byte, the mean of a few passes. One before them does not count: after a rest, memory is slow at first.</summary>
    public double Sample()
    {
        const int Passes = 4;
        Pass();
        return Enumerable.Range(0, Passes).Average(_ => Pass());
    }

    /// <summary>A row of its own: the median of some samples, and the best.</summary>
    public Row Row()
    {
        const int Samples = 9;
        double[] samples = [.. Enumerable.Range(0, Samples).Select(_ => 1e-9 / Alternation.Settled(Sample))];
        string work = string.Create(
            CultureInfo.InvariantCulture, $"plain sequential read, {threads} threads, median; best {samples.Max():0.0}");
        return Alternation.Told(new Row(work, "GB", Alternation.Median(samples), null, null, null, null, "-"));
    }

    private double Pass()
    {
        long[] words = memory.Value;
        long next = 0, sum = 0;
        using var begin = new Barrier(threads);
        Thread[] helpers = [.. Enumerable.Range(1, threads - 1).Select(_ => new Thread(ReadParts))];
        Array.ForEach(helpers, helper => helper.Start());
        Thread.Sleep(1); // until they wait at the barrier
        double seconds = Alternation.Seconds(() =>
        {
            ReadParts();
            Array.ForEach(helpers, helper => helper.Join());
        });
        // The sum is needed, so no load is left out.
        return sum == words.Length ? seconds / Bytes : throw new InvalidOperationException("Not all memory was read, or not once.");

        // Whichever thread is free takes the next part, as a core may come and go.
        void ReadParts()
        {
            begin.SignalAndWait();
            long own = 0;
            for (int part; (part = (int)Interlocked.Increment(ref next) - 1) < words.Length / PartWords;)
                own += Sum(words.AsSpan(part * PartWords, PartWords));
            Interlocked.Add(ref sum, own);
        }
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
