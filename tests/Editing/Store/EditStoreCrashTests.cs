using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>What a kill leaves is the store's file and its log as they are at that instant.</summary>
public sealed class EditStoreCrashTests : IDisposable
{
    private const int Copies = 40;
    private const int EditsPerCopy = 15;
    private const int NEmbd = 300; // each commit writes several pages, so the log is merged every few dozen edits

    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_crash_at_any_instant_leaves_whole_edits_and_all_that_were_stored()
    {
        int stored = 0, started = 0, copies = 0;
        bool stop = false;
        Exception? failure = null;
        EditStore store = _folder.Open(nEmbd: NEmbd);
        var writer = new Thread(() =>
        {
            try
            {
                for (int i = 1; !Volatile.Read(ref stop); i++)
                {
                    // No further ahead than so: a fast writer would only make the copies large.
                    while (i > EditsPerCopy * (Volatile.Read(ref copies) + 2) && !Volatile.Read(ref stop)) Thread.Yield();
                    Volatile.Write(ref started, i);
                    store.Add(StoreFolder.Edit(i, NEmbd));
                    Volatile.Write(ref stored, i);
                }
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        writer.Start();

        var random = new Random(1);
        var distinct = new HashSet<int>();
        try
        {
            for (int copy = 0; copy < Copies; copy++)
            {
                int due = EditsPerCopy * copy + random.Next(EditsPerCopy);
                while (Volatile.Read(ref started) < due && writer.IsAlive) Thread.Yield();
                Thread.SpinWait(random.Next(20_000)); // anywhere within a commit
                string path = Path.Combine(_folder.Root, $"copy{copy}.db");
                (int before, int after) = CopyInstant(path, () => Volatile.Read(ref stored), () => Volatile.Read(ref started));
                int found = Verify(path);
                Assert.InRange(found, before, after);
                distinct.Add(found);
                Volatile.Write(ref copies, copy + 1);
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            writer.Join();
            store.Dispose();
        }

        Assert.Null(failure);
        Assert.True(distinct.Count > Copies / 2, $"only {distinct.Count} different instants were seen");
        Assert.Equal(stored, Verify(_folder.File));
    }

    // Two files are not copied at one instant. But the file changes only when the log is merged, and between merges the
    // log only grows: if file and log header are the same before and after, the pair is that of the log's last byte read.
    private (int Before, int After) CopyInstant(string path, Func<int> stored, Func<int> started)
    {
        while (true)
        {
            int before = stored();
            if (!File.Exists(_folder.File)) continue; // the first edit makes it
            byte[] header = Read(_folder.File + "-wal") is { Length: >= 32 } some ? some[..32] : [];
            byte[] database = Read(_folder.File);
            byte[] log = Read(_folder.File + "-wal");
            int after = started();
            if (!database.AsSpan().SequenceEqual(Read(_folder.File)) || !log.AsSpan().StartsWith(header)) continue;
            File.WriteAllBytes(path, database);
            File.WriteAllBytes(path + "-wal", log);
            return (before, after);
        }
    }

    private static byte[] Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }

    // How many edits the store holds: exactly 1..n, each one whole and as it was given.
    private static int Verify(string path)
    {
        using EditStore store = EditStore.Open(path);
        IReadOnlyList<Edit> edits = store.List(withParts: true, includeRemoved: true);
        for (int i = 0; i < edits.Count; i++)
            StoreFolder.Same(StoreFolder.Stored(i + 1, edits[i].CreatedAt, NEmbd), edits[i]);
        Assert.Equal(edits.Sum(e => e.TargetTokens.Length), store.Count().TargetTokens);
        Assert.Equal(
            edits.Select(e => (e.Id, e.CreatedAt, EditAction.Added)), store.Events().Select(line => (line.EditId, line.At, line.Action)));
        return edits.Count;
    }
}
