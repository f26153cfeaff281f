using Sharpformer.Editing;
using Sharpformer.Editing.Statistics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;

namespace Sharpformer.Tests.Editing.Statistics;

/// <summary>The free directions, of statistics that hardly have some.</summary>
public sealed class NullSpaceTests : IDisposable
{
    private const int m = 60, Used = 40, Layer = 1;
    private static readonly ModelFingerprint Model = new(new string('a', 64), new string('b', 64));

    private readonly CpuDevice device = new(2);
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly float[][] keys;

    public NullSpaceTests()
    {
        var rng = new Rng(5);
        float[][] basis = [.. Enumerable.Range(0, Used).Select(_ => Normal(rng, m))];
        keys = [.. Enumerable.Range(0, 200).Select(_ =>
        {
            float[] parts = Normal(rng, Used);
            return Enumerable.Range(0, m).Select(i => parts.Zip(basis, (p, b) => p * b[i]).Sum()).ToArray();
        })];
        Save(keys);
    }

    public void Dispose()
    {
        folder.Dispose();
        device.Dispose();
    }

    [Fact]
    public void What_is_known_has_no_part_in_the_free_directions_and_what_is_free_stays()
    {
        NullSpace space = Of(threshold: 1e-3f);
        Assert.Equal(m - Used, space.Rank);
        Assert.InRange(space.Share, -1e-12, 1e-9);
        foreach ((float[] key, float[] projected) in keys.Zip(space.Project(keys))) Assert.True(Norm(projected) < 1e-5 * Norm(key));

        float[][] any = [.. Enumerable.Range(0, 3).Select(i => Normal(new Rng((ulong)i), m))];
        float[][] once = space.Project(any), twice = space.Project(once);
        for (int i = 0; i < any.Length; i++)
        {
            Assert.True(Norm(once[i]) > 0.1 * Norm(any[i]));
            for (int j = 0; j < m; j++) Assert.Equal(once[i][j], twice[i][j], 1e-5); // P² = P
        }

        Assert.Equal(Dot(any[0], once[1]), Dot(once[0], any[1]), 1e-4); // P = Pᵀ
    }

    [Fact]
    public void Directions_below_a_threshold_have_no_more_than_that_and_by_energy_as_many_as_fit()
    {
        SymmetricMatrix C = MlpStatistics.Load(folder.Path, Model, Layer).Mean();
        SymmetricEigen eigen = SymmetricEigen.Of(C, device);
        float threshold = (float)eigen.Values[m - 10];
        NullSpace below = Of(threshold);
        Assert.InRange(below.Rank, m - 11, m - 10);
        float[] u = below.Project([Normal(new Rng(9), m)])[0]; // uᵀCu ≤ threshold·uᵀu
        double energy = 0;
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++) energy += u[i] * C[i, j] * u[j];
        Assert.InRange(energy, 0, 1.001 * threshold * Dot(u, u));

        NullSpace byEnergy = NullSpace.Of(folder.Path, Model, Layer, 0, 0.05f, device, default);
        Assert.InRange(byEnergy.Share, 0, 0.05);
        Assert.True(byEnergy.Share + eigen.Values[byEnergy.Rank] / C.Trace() > 0.05);
        Assert.Equal(m, Of(float.MaxValue).Rank);
    }

    [Fact]
    public void They_are_kept_and_belong_to_the_statistics_they_are_of()
    {
        float[] key = Normal(new Rng(2), m);
        float[] first = Of(0.5f).Project([key])[0];
        string kept = Assert.Single(Directory.GetFiles(folder.Path, "mlp-free-*"));
        DateTime written = File.GetLastWriteTimeUtc(kept);
        Assert.Equal(first, Of(0.5f).Project([key])[0]);
        Assert.Equal(written, File.GetLastWriteTimeUtc(kept)); // read, not made again

        byte[] bytes = File.ReadAllBytes(kept);
        bytes[^5] ^= 0x40;
        File.WriteAllBytes(kept, bytes);
        Assert.Equal(first, Of(0.5f).Project([key])[0]); // damaged: made again

        Save(keys[..150]);
        Assert.NotEqual(first, Of(0.5f).Project([key])[0]); // other statistics
        Assert.Single(Directory.GetFiles(folder.Path, "mlp-free-*"));
        MlpStatistics.Load(folder.Path, Model, Layer); // and it is no statistics itself
    }

    [Fact]
    public void Where_nothing_is_free_a_hint_says_what_to_choose()
    {
        Save([.. keys, .. Enumerable.Range(0, m).Select(k => Unit(k))]);
        var error = Assert.Throws<InputException>(() => Of(1e-6f));
        Assert.Contains("no direction is free, the least eigenvalue is", error.Message, StringComparison.Ordinal);
        Assert.Contains("set a higher threshold", error.Message, StringComparison.Ordinal);
        var missing = Assert.Throws<InputException>(() => NullSpace.Of(folder.Path, Model, 3, 1, 0, device, default));
        Assert.Contains("no statistics of this model at block 3", missing.Message, StringComparison.Ordinal);

        static float[] Unit(int at) => [.. Enumerable.Range(0, m).Select(i => i == at ? 1f : 0f)];
    }

    private NullSpace Of(float threshold) => NullSpace.Of(folder.Path, Model, Layer, threshold, 0, device, default);

    private void Save(float[][] vectors)
    {
        var moment = new SecondMoment(m);
        moment.Add([.. vectors.SelectMany(v => v)], device);
        moment.Save(new MlpStatistics(folder.Path, Model, Layer, "c").Path, new Dictionary<string, string>
        {
            ["model"] = Model.Weights,
            ["tokenizer"] = Model.Tokenizer,
            ["layer"] = "1",
            ["corpus"] = "c",
            ["texts"] = "1",
        });
    }

    private static float[] Normal(Rng rng, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)rng.NextNormal())];

    private static double Dot(float[] x, float[] y) => x.Zip(y, (a, b) => (double)a * b).Sum();

    private static double Norm(float[] x) => Math.Sqrt(Dot(x, x));
}
