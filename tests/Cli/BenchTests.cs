using System.Text.Json;

namespace Sharpformer.Tests.Cli;

/// <summary><c>bench</c>: that it measures what it says, not how fast.</summary>
public sealed class BenchTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_model_without_a_tokenizer_is_measured_from_end_to_end()
    {
        string model = Tiny(positions: 72);
        JsonElement report = CliRun.Json(
            "bench", "--model", model, "--edits", "3", "--stored", "150", "--repetitions", "1", "--seconds", "0.5", "--threads", "2",
            "--layer", "0");
        foreach ((string part, string figure) in ((string, string)[])
        [
            ("forward", "tokensPerSecond"), ("decode", "tokensPerSecond"), ("decode", "bytesPerToken"),
            ("retrofit", "editsPerSecond"), ("retrofit", "neuronsPerSecond"), ("withoutRetrofit", "editsPerSecond"),
            ("evaluation", "recordsPerSecond"), ("stored", "secondsPerEditBesideFew"), ("stored", "ratio"),
        ])
            Assert.True(report.GetProperty(part).GetProperty(figure).GetDouble() > 0, figure);
        foreach (string figure in (string[])["bandwidthBytesPerSecond", "decodeBandwidthShare", "peakMemoryBytes"])
            Assert.True(report.GetProperty(figure).GetDouble() > 0, figure);
        Assert.Equal((2, 3), (report.GetProperty("threads").GetInt32(), report.GetProperty("retrofit").GetProperty("edits").GetInt32()));
        Assert.InRange(report.GetProperty("retrofit").GetProperty("neurons").GetInt32(), 3, 15);

        // One block of width 768 in F16, its norms and biases widened, the head, 64 positions of keys and values.
        const long Expected = 2 * (12 * 768 * 768 + 99 * 768) + 4 * 13 * 768 + 2 * 64 * 768 * 4;
        Assert.Equal(Expected, report.GetProperty("decode").GetProperty("bytesPerToken").GetInt64());
    }

    [Fact]
    public void Few_positions_are_enough_and_the_table_names_the_figures()
    {
        CliRun run = CliRun.Of("bench", "--model", Tiny(positions: 9), "--edits", "20", "--repetitions", "1", "--seconds", "0");
        Assert.True(run.ExitCode == 0, run.Error);
        foreach (string figure in (string[])
        [
            "forward, 64 prompts of 9 tokens", "decoding at context 5", "1 block of 768", "20 edits, retrofit of 5 epochs",
            "evaluation of 20 records", "peak memory",
        ])
            Assert.Contains(figure, run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("stored", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_that_is_not_there_is_told() =>
        CliRun.Of("bench", "--model", Tiny(positions: 9), "--layer", "1").AssertFailed("--layer is 1", "0 to 0");

    private string Tiny(int positions)
    {
        string path = folder.File("tiny");
        CliRun.Json("model", "random", "--layers", "1", "--vocab", "99", "--positions", $"{positions}", "--output", path);
        return path;
    }
}
