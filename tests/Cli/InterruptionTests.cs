using System.Runtime.InteropServices;
using Sharpformer.Cli;

namespace Sharpformer.Tests.Cli;

/// <summary>Ctrl-C, and what a service manager sends: a sentence, an exit code that says so, and nothing left half done.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Theory]
    [SignalData("INT", 130, "bench --model M --repetitions 10000 --seconds 3", "Measuring: ", "Interrupted: nothing was measured.")]
    [SignalData("TERM", 143, "bench --model M --repetitions 10000 --seconds 3", "Measuring: ", "Interrupted: nothing was measured.")]
    [SignalData("INT", 130, "evaluate perplexity --model M --text LONG --stride 1", "Reading: ", "Interrupted: nothing was measured.")]
    [SignalData("INT", 130, "model random --output NEW --shape gpt2-xl", "Writing: ", "Interrupted: nothing was written.")]
    public void Long_work_ends_with_a_sentence(string signal, int exitCode, string line, string begun, string said)
    {
        string text = folder.File("long.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("Anatole France was born in Paris. ", 400)));
        string[] words = [.. line.Split(' ').Select(word => word switch
        {
            "M" => TestFiles.Model,
            "LONG" => text,
            "NEW" => folder.File("new"),
            _ => word,
        })];
        using CliProcess run = CliProcess.Start([.. words, "--json"]);
        run.AwaitError(begun);
        run.Signal(signal);
        CliRun ended = run.Finish();
        Assert.Equal((exitCode, said), (ended.ExitCode, ended.Error.TrimEnd('\n').Split('\n')[^1]));
        Assert.Equal(
            (said, exitCode),
            (ended.Document().GetProperty("error").GetProperty("message").GetString(),
                ended.Document().GetProperty("error").GetProperty("exitCode").GetInt32()));
        Assert.Equal([text], Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [SignalData("INT", 130)]
    public void A_text_keeps_what_was_written(string signal, int exitCode)
    {
        // One token of this takes far longer than the signal needs.
        string model = folder.File("m");
        CliRun.Json(
            "model", "random", "--output", model, "--shape", "gpt2", "--layers", "2", "--vocab", "7015", "--tokenizer", TestFiles.Model);
        using CliProcess run = CliProcess.Start(["generate", "--model", model, "--prompt", "Paris", "--max-new-tokens", "1000"]);
        run.AwaitOutput();
        run.Signal(signal);
        CliRun ended = run.Finish();
        Assert.Equal((exitCode, "Interrupted: the text ends here.\n"), (ended.ExitCode, ended.Error));
        Assert.EndsWith("\n", ended.Out, StringComparison.Ordinal);
        Assert.True(ended.Out.Length > 1);
    }

    [Fact]
    public void What_comes_twice_at_once_is_one_signal_and_a_later_one_ends_it()
    {
        var clock = new Clock();
        using var interruption = new Interruption(clock);
        Assert.True(IsHandled());
        Assert.True(interruption.Token.IsCancellationRequested);
        clock.Seconds = 0.9;
        Assert.True(IsHandled());
        clock.Seconds = 1.1;
        Assert.False(IsHandled());

        bool IsHandled()
        {
            var context = new PosixSignalContext(PosixSignal.SIGINT);
            interruption.Handle(context);
            return context.Cancel;
        }
    }

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => (long)(1000 * Seconds);
    }
}
