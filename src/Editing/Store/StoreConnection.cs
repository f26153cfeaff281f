using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;
using SQLitePCL;

namespace Sharpformer.Editing.Store;

/// <summary>Opens the SQLite file under a store with the settings that make its commits durable.</summary>
internal static class StoreConnection
{
    /// <summary>What stands for the path where there is none.</summary>
    public const string InMemoryName = "(memory)";

    private const int BusySeconds = 5;

    /// <summary>For changes: write-ahead log, each commit on the disk before it returns.</summary>
    /// <exception cref="InputException">The file is no edit store, damaged, locked or may not be written.</exception>
    public static SqliteConnection OpenForWriting(string path, bool create)
    {
        SqliteConnection connection = Connect(Path.GetFullPath(path), create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite);
        try
        {
            connection.Open();
            long version = EditStoreSchema.VersionOf(connection, path);
            if (version == 0 && !create) throw Empty(path);

            // SQLite falls back to reading where it may not write; say so now and not at the first edit.
            if (raw.sqlite3_db_readonly(connection.Handle, "main") == 1) throw StoreErrors.ReadOnly(path);
            connection.Execute("PRAGMA journal_mode = WAL");
            connection.Execute("PRAGMA synchronous = FULL");
            if (version == 0) EditStoreSchema.Create(connection, path);
            else if (version < EditStoreSchema.Version) EditStoreSchema.Migrate(connection, path);
            connection.Execute("PRAGMA foreign_keys = ON");
            return connection;
        }
        catch (Exception error)
        {
            throw Closed(connection, path, error);
        }
    }

    /// <summary>For reading, also from a folder that may not be written.</summary>
    /// <exception cref="InputException">The file is no edit store, damaged or locked, or its log needs merging first.</exception>
    public static SqliteConnection OpenForReading(string path)
    {
        // A log-mode database is read through two side files, which SQLite makes and, if it opened the database for
        // writing, takes away again. Hence a writable connection with writing forbidden.
        SqliteConnection connection = Connect(Path.GetFullPath(path), SqliteOpenMode.ReadWrite);
        try
        {
            connection.Open();
            if (raw.sqlite3_db_readonly(connection.Handle, "main") == 0)
            {
                return Readable(connection, path);
            }
        }
        catch (SqliteException error) when (error.SqliteErrorCode is raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY)
        {
            // The side files cannot be made.
        }
        catch (Exception error)
        {
            throw Closed(connection, path, error);
        }

        connection.Dispose();
        return OpenImmutable(path);
    }

    /// <summary>An empty store without a file.</summary>
    public static SqliteConnection OpenInMemory()
    {
        SqliteConnection connection = Connect(":memory:", SqliteOpenMode.Memory);
        connection.Open();
        connection.Execute("PRAGMA foreign_keys = ON");
        EditStoreSchema.Create(connection, InMemoryName);
        return connection;
    }

    // Without side files the database can be read only on the promise that nobody changes it meanwhile, and without
    // what a crash left in the log. Ignoring that log would silently lose edits.
    private static SqliteConnection OpenImmutable(string path)
    {
        FileInfo log = new(path + "-wal");
        if (log.Exists && log.Length > 0)
        {
            throw new InputException(
                $"Edit store '{path}' was not closed properly and lies in a folder that cannot be written, "
                    + $"so its last edits cannot be merged from '{log.Name}'.",
                "copy both files to a folder that may be written and open the copy there.");
        }

        // Escaped by hand: System.Uri leaves a %41 in a file name as it is, SQLite would read it as an A.
        string full = Path.GetFullPath(path).Replace(Path.DirectorySeparatorChar, '/').TrimStart('/');
        string uri = "file:///" + string.Join('/', full.Split('/').Select(Uri.EscapeDataString)) + "?immutable=1";
        SqliteConnection connection = Connect(uri, SqliteOpenMode.ReadOnly);
        try
        {
            connection.Open();
            return Readable(connection, path);
        }
        catch (Exception error)
        {
            throw Closed(connection, path, error);
        }
    }

    // A store of an older version is read through a copy in memory, which is brought to today's version: the file stays as it is.
    private static SqliteConnection Readable(SqliteConnection connection, string path)
    {
        connection.Execute("PRAGMA query_only = ON");
        long version = EditStoreSchema.VersionOf(connection, path);
        if (version == 0) throw Empty(path);
        if (version == EditStoreSchema.Version) return connection;
        SqliteConnection copy = Connect(":memory:", SqliteOpenMode.Memory);
        try
        {
            copy.Open();
            connection.BackupDatabase(copy);
            EditStoreSchema.Migrate(copy, path);
            copy.Execute("PRAGMA query_only = ON");
        }
        catch (Exception error)
        {
            throw Closed(copy, path, error);
        }

        connection.Dispose();
        return copy;
    }

    private static SqliteConnection Connect(string source, SqliteOpenMode mode) => new(new SqliteConnectionStringBuilder
    {
        DataSource = source,
        Mode = mode,
        Pooling = false, // a pooled connection would keep the file open after Dispose
        DefaultTimeout = BusySeconds,
    }.ToString());

    private static InputException Empty(string path) => new(
        $"'{path}' is an empty database, not an edit store.", "add an edit to it first, or check the path.");

    // Explains before closing: the explanation may want to look into the file.
    private static Exception Closed(SqliteConnection connection, string path, Exception error)
    {
        Exception explained = error is SqliteException sqlite ? StoreErrors.Explain(sqlite, path, connection) : error;
        connection.Dispose();
        return explained;
    }
}
