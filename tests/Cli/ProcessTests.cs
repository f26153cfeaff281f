using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Cli;

/// <summary>Runs that are killed, interrupted and repeated.</summary>
public sealed class ProcessTests : IDisposable
{
    private const int Kills = 30;

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Thirty_kills_lose_no_committed_edit_and_change_none()
    {
        // Out-of-scope prompts are on: a resumed run has to draw those that an undisturbed one draws. One by one, so that
        // there is a commit after each edit: together, so few facts are one transaction.
        string records = CliFiles.Records(folder, "r.json", 40, "zsre multi-token", "pararel", "counterfact");
        string[] prompts =
        [
            .. JsonDocument.Parse(File.ReadAllText(records)).RootElement.EnumerateArray().Select(r => r.GetProperty("src").GetString()!),
        ];
        long start = Stopwatch.GetTimestamp();
        using CliProcess undisturbed = CliProcess.Start(Add("whole.db", records, "--epochs", "2", "--sequential", "--json"));
        CliRun whole = undisturbed.Finish();
        Assert.True(whole.ExitCode == 0, whole.Error);
        double all = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        double teaching = 1000 * whole.Document().GetProperty("seconds").GetDouble();

        var rng = new Rng(20260101);
        int committed = 0;
        for (int killed = 0; killed < Kills;)
        {
            using (CliProcess run = CliProcess.Start(Add("killed.db", records, "--epochs", "2", "--sequential")))
            {
                // A third dies at any moment of its start, the others around a commit.
                bool early = killed % 3 == 0;
                if (!early) run.AwaitBytes(folder.File("killed.db-wal"));
                Thread.Sleep((int)(rng.NextDouble() * (early ? all - teaching : 1.2 * teaching / prompts.Length)));
                if (!run.HasEnded)
                {
                    run.Kill();
                    killed++;
                }

                run.Finish();
            }

            committed = CommittedPrefix("killed.db", prompts, committed);
            if (committed < prompts.Length) continue;
            AssertSame(Edits("whole.db"), Edits("killed.db")); // too fast for so many kills: begin again
            foreach (string file in Directory.GetFiles(folder.Path, "killed.db*")) File.Delete(file);
            committed = 0;
        }

        // What is left is taught together: it must fit what was taught one by one.
        using CliProcess last = CliProcess.Start(Add("killed.db", records, "--epochs", "2"));
        Assert.Equal(0, last.Finish().ExitCode);
        AssertSame(Edits("whole.db"), Edits("killed.db"));
    }

    [Theory]
    [SignalData("INT", 130)]
    [SignalData("TERM", 143)]
    public void A_signal_ends_the_run_between_two_edits(string signal, int exitCode)
    {
        const int All = 5000; // they take minutes: the run cannot be over before the signal comes
        using CliProcess run = CliProcess.Start(Add("e.db", TestFiles.Facts("counterfact"), "--sequential", "--json"));
        run.AwaitBytes(folder.File("e.db-wal"));
        run.Signal(signal);
        CliRun ended = run.Finish();
        Assert.Equal(exitCode, ended.ExitCode);
        int stored = Edits("e.db").Count, left = All - stored;
        Assert.InRange(stored, 0, All - 1);
        Assert.Contains(
            string.Create(
                CultureInfo.InvariantCulture, $"Interrupted: {stored:N0} stored, 0 already there, {left:N0} not done (first: \""),
            ended.Error, StringComparison.Ordinal);
        Assert.Equal(stored, ended.Document().GetProperty("added").GetArrayLength());
        Assert.Equal(left, ended.Document().GetProperty("notDone").GetInt32());
        Assert.False(File.Exists(folder.File("e.db-wal")));
    }

    [Fact]
    public void The_same_command_at_the_same_time_writes_the_same_bytes_on_any_number_of_threads()
    {
        string records = CliFiles.Records(folder, "r.json", 3, "zsre multi-token");
        string[] stores = ["one.db", "two.db", "again.db"], threads = ["1", "2", "2"];
        for (int i = 0; i < stores.Length; i++)
        {
            using CliProcess run = CliProcess.Start(Add(stores[i], records, "--threads", threads[i]), epoch: "1700000000");
            CliRun done = run.Finish();
            Assert.True(done.ExitCode == 0, done.Error);
        }

        byte[] first = File.ReadAllBytes(folder.File(stores[0]));
        Assert.Equal(first, File.ReadAllBytes(folder.File(stores[1])));
        Assert.Equal(first, File.ReadAllBytes(folder.File(stores[2])));
        Assert.All(Edits("one.db"), e => Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1700000000), e.CreatedAt));
    }

    [Fact]
    public void A_clock_that_is_none_is_told()
    {
        string records = CliFiles.Facts(folder, "r.json", ("a", "b"));
        using CliProcess run = CliProcess.Start(Add("e.db", records), epoch: "yesterday");
        run.Finish().AssertFailed("SOURCE_DATE_EPOCH is 'yesterday'");
    }

    private string[] Add(string store, string records, params string[] options) =>
        ["edits", "add", "--model", TestFiles.Model, "--edits", folder.File(store), "--input", records, .. options];

    private IReadOnlyList<Edit> Edits(string store)
    {
        using EditStore opened = EditStore.Open(folder.File(store), readOnly: true);
        return opened.List(withParts: true, includeRemoved: true);
    }

    /// <summary>The store must hold the first so many facts, whole, and no fewer than before; returns how many.</summary>
    private int CommittedPrefix(string store, string[] prompts, int before)
    {
        if (!File.Exists(folder.File(store))) return 0;
        using EditStore opened = EditStore.Open(folder.File(store), create: true); // killed early it may be empty
        IReadOnlyList<Edit> edits = opened.List(withParts: true, includeRemoved: true);
        Assert.True(edits.Count >= before, $"{edits.Count} edits after {before}");
        for (int i = 0; i < edits.Count; i++)
        {
            Assert.Equal((i + 1, prompts[i]), (edits[i].Id, edits[i].Request.Prompt));
            Assert.Equal(edits[i].TargetTokens, IReVaParts.Neurons(edits[i]).Select(n => n.TargetToken));
            Assert.All(IReVaParts.Neurons(edits[i]), n => Assert.Equal((256, 256, 2), (n.Key.Length, n.Value.Length, n.Losses.Count)));
        }

        return edits.Count;
    }

    /// <summary>Everything but the times must be equal, to the bit.</summary>
    private static void AssertSame(IReadOnlyList<Edit> expected, IReadOnlyList<Edit> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++) AssertSame(expected[i], actual[i]);
    }

    private static void AssertSame(Edit expected, Edit actual)
    {
        Assert.Equal(
            (expected.Id, expected.Request, expected.Settings, expected.Status),
            (actual.Id, actual.Request, actual.Settings, actual.Status));
        Assert.Equal(expected.PromptTokens, actual.PromptTokens);
        Assert.Equal(expected.TargetTokens, actual.TargetTokens);
        foreach ((Neuron e, Neuron a) in IReVaParts.Neurons(expected).Zip(IReVaParts.Neurons(actual)))
        {
            Assert.Equal((e.TargetToken, e.Threshold), (a.TargetToken, a.Threshold));
            Assert.Equal(e.Key, a.Key);
            Assert.Equal(e.Value, a.Value);
            Assert.Equal(e.Losses, a.Losses);
        }
    }
}
