using System.Numerics;

namespace Sharpformer.Tensors;

/// <summary>
/// The one source of randomness: xoshiro256** (Blackman and Vigna, 2018) with its state filled by SplitMix64 from a
/// seed. Uses integer and basic float64 arithmetic only, so a seed gives the same numbers on every platform.
/// </summary>
public sealed class Rng
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    private readonly ulong seed;
    private ulong s0, s1, s2, s3;

    /// <summary>Starts the sequence that belongs to <paramref name="seed"/>.</summary>
    public Rng(ulong seed)
    {
        this.seed = seed;
        s0 = SplitMix(seed += GoldenGamma);
        s1 = SplitMix(seed += GoldenGamma);
        s2 = SplitMix(seed += GoldenGamma);
        s3 = SplitMix(seed + GoldenGamma);
    }

    /// <summary>64 random bits.</summary>
    public ulong NextUInt64()
    {
        ulong result = BitOperations.RotateLeft(s1 * 5, 7) * 9;
        ulong t = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = BitOperations.RotateLeft(s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1): a multiple of 2^-53.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1L << 53));

    /// <summary>Uniform in 0 … <paramref name="n"/>-1, without bias (Lemire's multiplication with rejection, 2019).</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is not positive.</exception>
    public int NextInt(int n)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(n);
        ulong range = (ulong)n;
        ulong high = Math.BigMul(NextUInt64(), range, out ulong low);
        if (low < range)
        {
            // 2^64 mod n of the low halves would make some results likelier than others.
            ulong biased = unchecked(0 - range) % range;
            while (low < biased) high = Math.BigMul(NextUInt64(), range, out low);
        }

        return (int)high;
    }

    /// <summary>Puts items into an order of chance, each as likely as any other (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>Normal with mean 0 and variance 1.</summary>
    public double NextNormal() => NextNormals().First;

    /// <summary>Two independent normal numbers with mean 0 and variance 1 for the price of one (Marsaglia's polar method).</summary>
    public (double First, double Second) NextNormals()
    {
        while (true)
        {
            double x = 2 * NextDouble() - 1, y = 2 * NextDouble() - 1, square = x * x + y * y;
            if (square is <= 0 or >= 1) continue;
            double stretch = Math.Sqrt(-2 * Log(square) / square);
            return (x * stretch, y * stretch);
        }
    }

    /// <summary>
    /// An independent stream named by <paramref name="key"/>. It depends on the seed and the key alone, not on how
    /// many numbers were drawn before, so code that draws more does not disturb its neighbours.
    /// </summary>
    public Rng Fork(ulong key) => new(SplitMix(seed ^ SplitMix(key + GoldenGamma)));

    /// <inheritdoc cref="Fork(ulong)"/>
    public Rng Fork(string key)
    {
        ArgumentNullException.ThrowIfNull(key);

        // FNV-1a over the UTF-16 code units.
        ulong hash = 0xCBF29CE484222325;
        foreach (char unit in key) hash = (hash ^ unit) * 0x100000001B3;
        return Fork(hash);
    }

    /// <summary>SplitMix64's finaliser: mixes every bit into every other.</summary>
    private static ulong SplitMix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>
    /// ln x for positive normal x: system libraries disagree in the last bit, this does not. With x = m·2^e and
    /// t = (m - 1)/(m + 1), ln m = 2·(t + t³/3 + t⁵/5 + …), where |t| ≤ 0.172.
    /// </summary>
    private static double Log(double x)
    {
        int exponent = Math.ILogB(x);
        double m = Math.ScaleB(x, -exponent);
        if (m > 1.4142135623730951)
        {
            m /= 2;
            exponent++;
        }

        double t = (m - 1) / (m + 1), square = t * t, sum = 0;
        for (int k = 21; k >= 1; k -= 2) sum = sum * square + 1.0 / k;
        return 2 * t * sum + exponent * 0.6931471805599453;
    }
}
