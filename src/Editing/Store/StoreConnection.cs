using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;
using SQLitePCL;

namespace Sharpformer.Editing.Store;

/// <summary>Opens the SQLite file under a store with the settings that make its commits durable.</summary>
internal static class StoreConnection
{
    /// <summary>What stands for the path where there is none.</summary>
    public const string InMemoryName = "(memory)";

    /// <summary>For changes: write-ahead log, each commit on the disk before it returns.</summary>
    /// <param name="file">The file itself, see <see cref="StoreFile.Real"/>.</param>
    /// <param name="path">The store, for messages.</param>
    /// <param name="create">Makes it where it is not there or empty.</param>
    /// <exception cref="InputException">The file is no edit store, damaged, locked or may not be written.</exception>
    public static StoreDatabase OpenForWriting(string file, string path, bool create)
    {
        var connection = new StoreDatabase(file, create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite, file);
        try
        {
            long version = Begin(connection, file, path);
            if (version == 0 && !create) throw Empty(path);

            // SQLite falls back to reading where it may not write; say so now and not at the first edit.
            if (raw.sqlite3_db_readonly(connection.Handle, "main") == 1) throw StoreErrors.ReadOnly(path);
            connection.Execute("PRAGMA journal_mode = WAL");
            connection.Execute("PRAGMA synchronous = FULL");
            if (version == 0) EditStoreSchema.Create(connection, path);
            else if (version < EditStoreSchema.Version) EditStoreSchema.Migrate(connection, path);
            connection.Execute("PRAGMA foreign_keys = ON");
            MergeLog(connection);
            StoreFile.RequireWhole(file, path);
            return connection;
        }
        catch (Exception error)
        {
            throw Closed(connection, path, error);
        }
    }

    /// <summary>For reading, also from a folder that may not be written.</summary>
    /// <param name="file">The file itself, see <see cref="StoreFile.Real"/>.</param>
    /// <param name="path">The store, for messages.</param>
    /// <exception cref="InputException">The file is no edit store, damaged or locked, or its log needs merging first.</exception>
    public static StoreDatabase OpenForReading(string file, string path)
    {
        // A log-mode database is read through two side files, which SQLite makes and, if it opened the database for
        // writing, takes away again. Hence a writable connection with writing forbidden.
        var connection = new StoreDatabase(file, SqliteOpenMode.ReadWrite, file);
        try
        {
            long version = Begin(connection, file, path);
            if (raw.sqlite3_db_readonly(connection.Handle, "main") == 0) return Readable(connection, version, path);
        }
        catch (SqliteException error) when (StoreErrors.IsFull(error) && StoreFile.HasContent(StoreFile.Log(file)))
        {
            throw Closed(connection, path, StoreErrors.NoRoomToRead(path, error));
        }
        catch (SqliteException error)
            when (error.SqliteErrorCode is raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY || StoreErrors.IsFull(error))
        {
            // The side files cannot be made.
        }
        catch (Exception error)
        {
            throw Closed(connection, path, error);
        }

        connection.Dispose();
        return OpenImmutable(file, path);
    }

    /// <summary>An empty store without a file.</summary>
    public static StoreDatabase OpenInMemory()
    {
        var connection = StoreDatabase.OpenInMemory();
        connection.Execute("PRAGMA foreign_keys = ON");
        EditStoreSchema.Create(connection, InMemoryName);
        return connection;
    }

    /// <summary>The file as it is without its log, whoever has it open.</summary>
    public static StoreDatabase OpenAlone(string file)
    {
        // Escaped by hand: System.Uri leaves a %41 in a file name as it is, SQLite would read it as an A.
        string full = file.Replace(Path.DirectorySeparatorChar, '/').TrimStart('/');
        string uri = "file:///" + string.Join('/', full.Split('/').Select(Uri.EscapeDataString)) + "?immutable=1";
        var connection = new StoreDatabase(uri, SqliteOpenMode.ReadOnly, file);
        connection.Open();
        connection.Execute("PRAGMA query_only = ON");
        return connection;
    }

    /// <summary>Moves what is in the log into the file, so that a copy of the file alone is whole; as far as readers allow.</summary>
    public static void MergeLog(StoreDatabase connection)
    {
        try
        {
            if (!connection.IsInMemory) connection.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException)
        {
            // The log itself is durable: the next change merges it, or whoever opens the store next.
        }
    }

    /// <summary>A copy in memory, brought to today's version.</summary>
    /// <exception cref="InputException">It holds what the programs of its version never wrote.</exception>
    public static StoreDatabase Migrated(SqliteConnection connection, string path)
    {
        var copy = StoreDatabase.OpenInMemory();
        try
        {
            connection.BackupDatabase(copy);
            EditStoreSchema.Migrate(copy, path);
            copy.Execute("PRAGMA query_only = ON");
            return copy;
        }
        catch (Exception error)
        {
            throw Closed(copy, path, error);
        }
    }

    // Looks at the files before SQLite does, at the schema before anything else is asked, and at everything where there is a log: it
    // may be another file's.
    private static long Begin(StoreDatabase connection, string file, string path)
    {
        StoreFile.RequireWhole(file, path);
        StoreLogCheck? log = StoreLogCheck.Before(file, path);
        connection.Open();
        connection.MergesOnClose = false; // nothing is written yet, also not by closing it again
        long version = log?.Look(connection, path) ?? EditStoreSchema.Look(connection, path);
        connection.MergesOnClose = true;
        return version;
    }

    // Without side files the database can be read only on the promise that nobody changes it meanwhile, and without
    // what a crash left in the log. Ignoring that log would silently lose edits.
    private static StoreDatabase OpenImmutable(string file, string path)
    {
        if (StoreFile.HasContent(StoreFile.Log(file)))
        {
            throw new InputException(
                $"Edit store '{path}' was not closed properly and lies in a folder that cannot be written, "
                    + $"so its last edits cannot be merged from '{Path.GetFileName(StoreFile.Log(file))}'.",
                "copy both files to a folder that may be written and open the copy there.");
        }

        StoreDatabase? connection = null;
        try
        {
            connection = OpenAlone(file);
            return Readable(connection, EditStoreSchema.Look(connection, path), path);
        }
        catch (Exception error)
        {
            throw Closed(connection, path, error);
        }
    }

    // A store of an older version is read through a copy in memory, which is brought to today's version: the file stays as it is.
    private static StoreDatabase Readable(StoreDatabase connection, long version, string path)
    {
        connection.Execute("PRAGMA query_only = ON");
        if (version == 0) throw Empty(path);
        if (version == EditStoreSchema.Version) return connection;
        StoreDatabase copy = Migrated(connection, path);
        connection.Dispose();
        return copy;
    }

    private static InputException Empty(string path) => new(
        $"'{path}' is an empty database, not an edit store.", "add an edit to it first, or check the path.");

    // Explains before closing: the explanation may want to look into the file.
    private static Exception Closed(SqliteConnection? connection, string path, Exception error)
    {
        Exception explained = error is SqliteException sqlite ? StoreErrors.Explain(sqlite, path, connection) : error;
        connection?.Dispose();
        return explained;
    }
}
