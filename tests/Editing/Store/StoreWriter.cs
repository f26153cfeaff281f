using System.Diagnostics;
using System.Globalization;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>
/// Changes a store without end, as a process of its own that can be killed: what it does is decided by the store alone, and each change
/// that is stored is told by its number on a line.
/// </summary>
internal static class StoreWriter
{
    public static int Main(string[] args)
    {
        using EditStore store = EditStore.Open(args[0], create: true, new StoppedClock(), author: StoreFolder.Author);
        store.Bind(StoreFolder.Model, StoreFolder.NEmbd);
        while (true)
        {
            Change(store);
            Console.Out.WriteLine(store.OwnChange);
        }
    }

    /// <summary>Starts it.</summary>
    public static Process Start(string path) => Process.Start(new ProcessStartInfo(
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [typeof(StoreWriter).Assembly.Location, path])
    {
        RedirectStandardOutput = true,
        UseShellExecute = false,
    })!;

    /// <summary>An empty store in memory on which the same happens.</summary>
    public static EditStore Reference()
    {
        EditStore store = EditStore.InMemory(new StoppedClock(), StoreFolder.Author);
        store.Bind(StoreFolder.Model, StoreFolder.NEmbd);
        return store;
    }

    /// <summary>The next change: edits in one or two portions, or something that happens to some that are there.</summary>
    public static void Change(EditStore store)
    {
        Edit[] edits = [.. store.List(withParts: false, includeRemoved: true)];
        long next = (store.Changes() is [.., var last] ? last.Number : 0) + 1;
        var random = new Random((int)next);
        long[] active = [.. edits.Where(edit => edit.Status == EditStatus.Active).Select(edit => edit.Id)];
        long[] withdrawn = [.. edits.Where(edit => edit.Status == EditStatus.Withdrawn).Select(edit => edit.Id)];
        switch (random.Next(10))
        {
            case 0 or 1 when active.Length > 0:
                store.Withdraw([.. active.Take(1 + random.Next(3))], "because");
                return;
            case 2 when withdrawn.Length > 0:
                store.Restore(withdrawn[random.Next(withdrawn.Length)]);
                return;
            case 3 when active.Length > 5:
                store.Remove(active[random.Next(active.Length)]);
                return;
            case 4 or 5 when next > 1 && CanUndo(store):
                return;
            default:
                store.AddOnce([.. Enumerable.Range(edits.Length + 1, 1 + random.Next(3)).Select(i => StoreFolder.Edit(i))]);
                return;
        }
    }

    private static bool CanUndo(EditStore store)
    {
        try
        {
            store.Undo();
            return true;
        }
        catch (InputException)
        {
            return false; // it removed edits, or others came since
        }
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.Parse("2024-02-29T23:59:58Z", CultureInfo.InvariantCulture);
    }
}
