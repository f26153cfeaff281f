using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;
using SQLitePCL;

namespace Sharpformer.Editing.Store;

/// <summary>
/// Whether the log beside a store is the store's own. Nothing in a log says which file it goes on from: one that was left behind when a
/// backup was put in the file's place would silently be merged into the backup. So where there is one, what file and log are together
/// is verified as a whole before it is trusted, and must be what the file alone is, continued.
/// </summary>
/// <param name="Alone">What the file alone tells; null where it cannot be read, as when a crash came while the log was merged.</param>
/// <param name="Version">The file's schema version.</param>
internal sealed record StoreLogCheck(EditHistory? Alone, long Version)
{
    /// <summary>How it is told.</summary>
    public const string NotItsOwn = "the log beside it is not its own";

    /// <summary>Looks at a store's file and its log, before both are opened together; null where nothing is in a log.</summary>
    /// <param name="file">The file itself.</param>
    /// <param name="path">The store, for messages.</param>
    /// <exception cref="InputException">The log is damaged.</exception>
    public static StoreLogCheck? Before(string file, string path)
    {
        StoreLog log = StoreLog.Of(file);
        if (log.DamagedFrame is not null) throw log.Explain(path);
        return log.Readable == 0 ? null : Of(file, path);
    }

    /// <summary>Looks at a store's file without its log.</summary>
    /// <inheritdoc cref="Before"/>
    public static StoreLogCheck Of(string file, string path)
    {
        try
        {
            using StoreDatabase connection = StoreConnection.OpenAlone(file);
            long version = EditStoreSchema.Look(connection, path);
            return new StoreLogCheck(version == 0 ? null : Whole(connection, version, path), version);
        }
        catch (Exception error) when (error is InputException or SqliteException)
        {
            return new StoreLogCheck(null, 0);
        }
    }

    /// <summary>The schema version of file and log together. Refuses a log that is not the store's own.</summary>
    /// <param name="connection">File and log together.</param>
    /// <param name="path">The store, for messages.</param>
    /// <exception cref="InputException">Together they are not whole, or do not continue the file.</exception>
    public long Look(StoreDatabase connection, string path)
    {
        long version;
        EditHistory together;
        try
        {
            version = EditStoreSchema.Look(connection, path);
            if (version == 0) return 0;
            if (connection.Scalar<string>("PRAGMA integrity_check(1)") != "ok") throw Foreign(path, "together they are no whole database");
            together = Whole(connection, version, path);
        }
        catch (Exception error) when (Alone is not null && IsDamage(error)) // without the log there is none
        {
            throw Foreign(path, "together they are no whole store, the file alone is", error);
        }

        if (Alone is not null && !Continues(together)) throw Foreign(path, "the file alone has a history that is not in both together");
        return version;
    }

    /// <summary>What reading everything finds, in whatever version it is.</summary>
    /// <exception cref="InputException">Something is not what was stored.</exception>
    public static EditHistory Whole(StoreDatabase connection, long version, string path)
    {
        if (version == EditStoreSchema.Version) return EditStore.ReadWhole(connection, path);
        using StoreDatabase copy = StoreConnection.Migrated(connection, path);
        return EditStore.ReadWhole(copy, path);
    }

    private static bool IsDamage(Exception error) =>
        error is InputException or SqliteException { SqliteErrorCode: raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB };

    // Version 1 overwrote what happened: only which edits were born, and when, must be there.
    private bool Continues(EditHistory together) => Version == 1
        ? !Births(Alone!).Except(Births(together)).Any()
        : Alone!.Events.SequenceEqual(together.Events.Take(Alone.Events.Count));

    private static IEnumerable<(long Id, DateTimeOffset At)> Births(EditHistory history) =>
        history.Events.Where(line => line.Action == EditAction.Added).Select(line => (line.EditId, line.At));

    private static InputException Foreign(string path, string why, Exception? inner = null) => new(
        $"Edit store '{path}': {NotItsOwn}: {why}.",
        $"nothing was changed; if the file was restored from a backup, move '{Path.GetFileName(StoreFile.Log(path))}' out of its folder.",
        inner);
}
