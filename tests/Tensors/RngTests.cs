using Sharpformer.Tensors;

namespace Sharpformer.Tests.Tensors;

public sealed class RngTests
{
    [Fact]
    public void Follows_the_published_algorithms()
    {
        // SplitMix64 from 0 starts E220A8397B1DCDAF, 6E789E6AA1B965F4, 06C45D188009454F, F88BB8A8724C81EC; the first
        // xoshiro256** value is then rotl(s1·5, 7)·9.
        var rng = new Rng(0);
        ulong s1 = 0x6E789E6AA1B965F4;
        Assert.Equal(System.Numerics.BitOperations.RotateLeft(unchecked(s1 * 5), 7) * 9, rng.NextUInt64());
        Assert.Equal(11091344671253066420UL, new Rng(0).NextUInt64());
    }

    [Fact]
    public void Same_seed_same_numbers_other_seed_others()
    {
        Rng a = new(42), b = new(42), c = new(43);
        ulong[] first = [.. Enumerable.Range(0, 100).Select(_ => a.NextUInt64())];
        Assert.Equal(first, Enumerable.Range(0, 100).Select(_ => b.NextUInt64()));
        Assert.Empty(first.Intersect(Enumerable.Range(0, 100).Select(_ => c.NextUInt64())));
    }

    [Fact]
    public void Every_order_is_as_likely_as_any_other()
    {
        var rng = new Rng(5);
        var found = new Dictionary<string, int>();
        for (int i = 0; i < 6000; i++)
        {
            int[] items = [1, 2, 3];
            rng.Shuffle<int>(items);
            string order = string.Concat(items);
            found[order] = found.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(6, found.Count);
        Assert.All(found.Values, count => Assert.InRange(count, 900, 1100)); // 1000 ± 29: 3.5 deviations
        int[] none = [];
        rng.Shuffle<int>(none);
    }

    [Fact]
    public void Forks_depend_on_seed_and_key_only()
    {
        var rng = new Rng(7);
        ulong early = rng.Fork("dropout").NextUInt64();
        rng.NextUInt64();
        Assert.Equal(early, rng.Fork("dropout").NextUInt64());
        ulong[] streams =
        [
            early, rng.Fork("weights").NextUInt64(), rng.Fork(0).NextUInt64(), rng.Fork(1).NextUInt64(),
            new Rng(8).Fork("dropout").NextUInt64(), new Rng(7).NextUInt64(),
        ];
        Assert.Equal(streams.Length, streams.Distinct().Count());
        Assert.Throws<ArgumentNullException>(() => rng.Fork(null!));
    }

    [Fact]
    public void Doubles_fill_the_unit_interval()
    {
        var rng = new Rng(1);
        double[] values = [.. Enumerable.Range(0, 100_000).Select(_ => rng.NextDouble())];
        Assert.All(values, v => Assert.InRange(v, 0, 1 - 1e-16));
        Assert.InRange(values.Average(), 0.495, 0.505);
        Assert.InRange(values.Average(v => v * v), 0.328, 0.338);
    }

    [Fact]
    public void Integers_are_uniform()
    {
        var rng = new Rng(2);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++) counts[rng.NextInt(7)]++;
        Assert.All(counts, count => Assert.InRange(count, 9_600, 10_400));
        Assert.Equal(0, rng.NextInt(1));
        Assert.InRange(rng.NextInt(int.MaxValue), 0, int.MaxValue - 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => rng.NextInt(0));
    }

    [Fact]
    public void Normals_have_the_moments_of_the_normal_distribution()
    {
        var rng = new Rng(3);
        double[] values = [.. Enumerable.Range(0, 200_000).Select(_ => rng.NextNormal())];
        Assert.InRange(values.Average(), -0.01, 0.01);
        Assert.InRange(values.Average(v => v * v), 0.985, 1.015);
        Assert.InRange(values.Average(v => v * v * v * v), 2.9, 3.1);
        Assert.InRange(values.Count(v => v > 1.6448536) / 200_000.0, 0.048, 0.052);
    }
}
