using Sharpformer.Editing;
using Sharpformer.Editing.Statistics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Statistics;

/// <summary>Second moments of hidden states, on a tiny model.</summary>
public sealed class MlpStatisticsTests : IDisposable
{
    private const int Layer = 1;
    private static readonly ModelFingerprint Fingerprint = new(new string('a', 64), new string('b', 64));

    private readonly CpuDevice device = new(2);
    private readonly CausalLm model;
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly int[][] texts;

    public MlpStatisticsTests()
    {
        model = CausalLm.Load(TestFiles.Golden(Path.Combine("families", "gpt2-tiny-f32")), device);
        var rng = new Rng(3);
        int V = model.Config.VocabSize;
        texts = [.. Enumerable.Range(0, 300).Select(i => Enumerable.Range(0, 1 + i % 13).Select(_ => rng.NextInt(V)).ToArray())];
    }

    public void Dispose()
    {
        folder.Dispose();
        device.Dispose();
    }

    [Fact]
    public void C_is_the_brute_force_sum()
    {
        int m = model.Config.NInner;
        var expected = new double[m, m];
        foreach (int[] text in texts)
        {
            float[] states = [];
            var look = Opening.Look(Layer, Site.MlpHidden, Reach.All, passing => states = passing.Value.ToArray());
            model.Hidden(new TokenBatch(text), model.NewCache(1, text.Length), [look]);
            foreach (float[] k in states.Chunk(m))
                for (int i = 0; i < m; i++)
                    for (int j = 0; j < m; j++) expected[i, j] += (double)k[i] * k[j];
        }

        long n = Statistics("all").Collect(model, texts, long.MaxValue);
        Assert.Equal(texts.Sum(text => text.Length), n);
        SymmetricMatrix actual = MlpStatistics.Load(folder.Path, Fingerprint, Layer).Mean();
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++)
                Assert.Equal(expected[i, j] / n, actual[i, j], 1e-12 * Math.Sqrt(expected[i, i] * expected[j, j]) / n + 1e-300);
    }

    [Fact]
    public void A_run_that_was_ended_goes_on_to_the_bits_of_an_undisturbed_one()
    {
        MlpStatistics undisturbed = Statistics("one") with { Folder = folder.File("undisturbed") };
        undisturbed.Collect(model, texts, long.MaxValue);
        byte[] expected = File.ReadAllBytes(undisturbed.Path);

        MlpStatistics ended = Statistics("one") with { Folder = folder.File("ended") };
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => ended.Collect(model, texts, long.MaxValue, new Ending(source), source.Token));
        byte[] partly = File.ReadAllBytes(ended.Path);
        Assert.NotEqual(expected, partly);
        ended.Collect(model, texts, long.MaxValue);
        Assert.Equal(expected, File.ReadAllBytes(ended.Path));

        MlpStatistics limited = Statistics("one") with { Folder = folder.File("limited") };
        long first = limited.Collect(model, texts, tokens: 500);
        Assert.InRange(first, 500, 513); // the last text is read whole
        Assert.Equal(first, limited.Collect(model, texts, tokens: 500));
        limited.Collect(model, texts, long.MaxValue);
        Assert.Equal(expected, File.ReadAllBytes(limited.Path));
    }

    [Fact]
    public void Sums_of_something_else_are_refused()
    {
        MlpStatistics one = Statistics("one"), other = Statistics("other"), above = one with { Layer = 0 };
        MlpStatistics stranger = one with { Model = Fingerprint with { Weights = new string('a', 12) + new string('c', 52) } };
        one.Collect(model, texts, long.MaxValue);
        Assert.Equal(one.Path, stranger.Path); // as far as the name reaches
        Refuses("model", () => stranger.Collect(model, texts, long.MaxValue));
        Refuses("model", () => MlpStatistics.Load(folder.Path, stranger.Model, Layer));
        Refuses("no statistics of this model at block 0", () => MlpStatistics.Load(folder.Path, Fingerprint, 0));
        File.Copy(one.Path, other.Path);
        Refuses("corpus", () => other.Collect(model, texts, long.MaxValue));
        Refuses("over 2 texts", () => MlpStatistics.Load(folder.Path, Fingerprint, Layer));
        File.Copy(one.Path, above.Path);
        Refuses("layer", () => MlpStatistics.Load(folder.Path, Fingerprint, 0));
    }

    [Fact]
    public void Too_few_states_are_refused()
    {
        Statistics("few").Collect(model, texts[..3], long.MaxValue);
        Refuses($"expected at least {model.Config.NInner}", () => MlpStatistics.Load(folder.Path, Fingerprint, Layer));
    }

    private MlpStatistics Statistics(string corpus) => new(folder.Path, Fingerprint, Layer, corpus);

    private static void Refuses(string about, Action action) =>
        Assert.Contains(about, Assert.Throws<InputException>(action).Message, StringComparison.Ordinal);

    private sealed class Ending(CancellationTokenSource source) : IProgress<long>
    {
        public void Report(long value) => source.Cancel();
    }
}
