using System.Diagnostics;
using System.Globalization;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>SIGKILL at any moment: what was told to be stored is there, what was not is there as a whole or not at all.</summary>
public sealed class StoreKillTests : IDisposable
{
    private const string CountVariable = "SHARPFORMER_STORE_KILLS"; // scripts/store-trials.sh asks for more

    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void After_a_kill_the_store_is_whole_and_holds_exactly_what_was_committed()
    {
        int kills = int.Parse(Environment.GetEnvironmentVariable(CountVariable) ?? "24", CultureInfo.InvariantCulture);
        var random = new Random(1);
        using EditStore reference = StoreWriter.Reference();
        long done = 0;
        for (int kill = 0; kill < kills; kill++)
        {
            long told = Killed(random, done);
            if (!File.Exists(_folder.File))
            {
                Assert.Equal(0, told);
                continue;
            }

            using (EditStore store = EditStore.Open(_folder.File, readOnly: kill % 2 == 0))
            {
                done = store.Changes()[^1].Number;
                Assert.InRange(done, told, told + 1);
                while ((reference.OwnChange ?? 0) < done) StoreWriter.Change(reference);
                Assert.Equal(reference.Events(), store.Events());
                IReadOnlyList<Edit> expected = reference.List(true, true), actual = store.List(true, true);
                Assert.Equal(expected.Count, actual.Count);
                foreach ((Edit e, Edit a) in expected.Zip(actual)) StoreFolder.Same(e, a);
            }

            Assert.True(EditStore.Verify(_folder.File).IsSound);
        }

        Assert.True(done > kills, $"only {done} changes in {kills} runs");
    }

    // How many changes it told of before it was killed, together with those of the runs before.
    private long Killed(Random random, long before)
    {
        using Process writer = StoreWriter.Start(_folder.File);
        long told = before, until = before + random.Next(8);
        while (told < until) told = long.Parse(writer.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        Thread.Sleep(random.Next(3));
        Thread.SpinWait(random.Next(50_000));
        writer.Kill();
        while (writer.StandardOutput.ReadLine() is { Length: > 0 } line) told = long.Parse(line, CultureInfo.InvariantCulture);
        writer.WaitForExit();
        return told;
    }
}
