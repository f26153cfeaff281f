using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>The tables of an edit store, and the marks by which its file is told from any other database.</summary>
internal static class EditStoreSchema
{
    /// <summary>"Shfr" in ASCII, kept in the SQLite header's application_id.</summary>
    public const int ApplicationId = 0x53686672;

    /// <summary>Kept in the SQLite header's user_version; raised with every change of the tables.</summary>
    public const int Version = 3;

    // An edit's row and its parts say what was taught and are written once; remove deletes the parts. All that happens to
    // an edit is a line in events, and its status is what these say: see EditHistory, where this is decided and nowhere else.
    // What was done in one go shares a change.
    //
    // Checksums, see FieldHash: parts_sum over an edit's parts, sum over its row, an event's sum over the event and the sum before it.
    // The first event follows the sum over identity, and head repeats the last event's, so that none can be missing at the end.
    //
    // Numbers sit in ANY columns: a REAL column rewrites whole ones as integers and so loses the sign of -0.
    // Neither edits nor events are ever deleted, so their ids need no AUTOINCREMENT to be given once only.
    private const string Tables = """
        CREATE TABLE identity (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            weights TEXT NOT NULL,
            tokenizer TEXT NOT NULL,
            n_embd INTEGER NOT NULL,
            config TEXT
        ) STRICT;

        CREATE TABLE edits (
            id INTEGER PRIMARY KEY,
            method TEXT NOT NULL,
            settings TEXT NOT NULL,
            prompt TEXT NOT NULL,
            target TEXT NOT NULL,
            subject TEXT,
            source TEXT NOT NULL,
            paraphrases TEXT,
            prompt_tokens TEXT NOT NULL,
            target_tokens TEXT NOT NULL,
            batch INTEGER NOT NULL,
            final_loss ANY,
            parts_sum TEXT NOT NULL,
            sum TEXT NOT NULL
        ) STRICT;

        CREATE INDEX edits_by_prompt ON edits (prompt, target_tokens);

        CREATE TABLE events (
            seq INTEGER PRIMARY KEY,
            change INTEGER NOT NULL,
            edit_id INTEGER NOT NULL REFERENCES edits (id),
            at TEXT NOT NULL,
            user TEXT NOT NULL,
            action TEXT NOT NULL,
            reason TEXT,
            version TEXT NOT NULL,
            detail TEXT,
            sum TEXT NOT NULL
        ) STRICT;

        CREATE TABLE head (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            seq INTEGER NOT NULL,
            sum TEXT NOT NULL
        ) STRICT;
        """;

    // Letter by letter as in version 2, from which it is taken over as it lies.
    private const string Parts = """
        CREATE TABLE parts (
            edit_id INTEGER NOT NULL REFERENCES edits (id),
            name TEXT NOT NULL,
            shape TEXT NOT NULL,
            data BLOB NOT NULL,
            PRIMARY KEY (edit_id, name)
        ) STRICT;
        """;

    /// <summary>
    /// The schema version of an edit store, 0 for a database in which nothing was ever created; throws for anything else.
    /// Reads only, so another application's file is left as it is.
    /// </summary>
    public static long VersionOf(SqliteConnection connection, string path)
    {
        (long application, long version, bool isEmpty) = MarksOf(connection);
        if (application == ApplicationId)
        {
            if (version is >= 1 and <= Version) return version;
            throw new InputException(
                $"Edit store '{path}': schema version {version}, this program knows 1 to {Version}.",
                version > Version ? "a newer Sharpformer wrote it; use that one." : null);
        }

        if (application == 0 && isEmpty) return 0;
        throw new InputException(
            $"'{path}' is a database of another application (application_id {application}, expected {ApplicationId}).",
            "name an edit store, or a file that does not exist yet.");
    }

    /// <summary>In one statement, so that all three are of one instant although another process may be making the store.</summary>
    private static (long Application, long Version, bool IsEmpty) MarksOf(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT (SELECT count(*) FROM sqlite_master), (SELECT application_id FROM pragma_application_id),
                (SELECT user_version FROM pragma_user_version)
            """;
        using SqliteDataReader reader = command.ExecuteReader();
        reader.Read();
        return (reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(0) == 0);
    }

    /// <summary>Creates the tables in one transaction, unless another process has just done so.</summary>
    public static void Create(SqliteConnection connection, string path)
    {
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        if (VersionOf(connection, path) != 0) return;
        CreateTables(connection);
        connection.Execute($"PRAGMA application_id = {ApplicationId}");
        transaction.Commit();
    }

    /// <summary>Creates the tables and raises the version, within the caller's transaction.</summary>
    /// <param name="connection">The store.</param>
    /// <param name="hasParts">The parts' table is there.</param>
    public static void CreateTables(SqliteConnection connection, bool hasParts = false) =>
        connection.Execute($"{Tables}\n{(hasParts ? "" : Parts)}\nPRAGMA user_version = {Version};");

    /// <summary>Brings a store of an older version to today's in one transaction.</summary>
    /// <exception cref="InputException">It holds what the programs of its version never wrote; it stays as it is.</exception>
    public static void Migrate(SqliteConnection connection, string path)
    {
        // A table that takes an older one's name keeps those that refer to it.
        connection.Execute("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON");
        using (SqliteTransaction transaction = connection.BeginTransaction(deferred: false))
        {
            long version = VersionOf(connection, path); // another process may have just done it
            if (version == 1) StoreVersion1.Migrate(connection, path);
            if (version == 2) StoreVersion2.Migrate(connection, path);
            transaction.Commit();
        }

        connection.Execute("PRAGMA legacy_alter_table = OFF");
    }
}
