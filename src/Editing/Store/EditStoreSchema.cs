using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>The tables of an edit store, and the marks by which its file is told from any other database.</summary>
internal static class EditStoreSchema
{
    /// <summary>"Shfr" in ASCII, kept in the SQLite header's application_id.</summary>
    public const int ApplicationId = 0x53686672;

    /// <summary>Kept in the SQLite header's user_version; raised with every change of the tables.</summary>
    public const int Version = 2;

    // An edit's row and its parts say what was taught and are written once; remove deletes the parts. All that happens to
    // an edit is a line in events, and its status is what these say: see the view, where this is decided and nowhere else.
    //
    // Numbers sit in ANY columns: a REAL column rewrites whole ones as integers and so loses the sign of -0.
    // Room for what may come: events.detail is JSON about one event (the checksums of the parts beside 'added', the edit
    // that takes over beside a new action 'superseded'), and an action that the view does not list leaves the status alone.
    private const string Tables = """
        CREATE TABLE identity (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            weights TEXT NOT NULL,
            tokenizer TEXT NOT NULL,
            n_embd INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE edits (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            method TEXT NOT NULL,
            settings TEXT NOT NULL,
            prompt TEXT NOT NULL,
            target TEXT NOT NULL,
            subject TEXT,
            source TEXT NOT NULL,
            prompt_tokens TEXT NOT NULL,
            target_tokens TEXT NOT NULL,
            batch INTEGER NOT NULL,
            final_loss ANY
        ) STRICT;

        CREATE INDEX edits_by_prompt ON edits (prompt, target_tokens);

        CREATE TABLE parts (
            edit_id INTEGER NOT NULL REFERENCES edits (id),
            name TEXT NOT NULL,
            shape TEXT NOT NULL,
            data BLOB NOT NULL,
            PRIMARY KEY (edit_id, name)
        ) STRICT;

        CREATE TABLE events (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            edit_id INTEGER NOT NULL REFERENCES edits (id),
            at TEXT NOT NULL,
            user TEXT NOT NULL,
            action TEXT NOT NULL,
            reason TEXT,
            version TEXT NOT NULL,
            detail TEXT
        ) STRICT;

        CREATE INDEX events_by_edit ON events (edit_id, seq);

        CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN
            SELECT RAISE(ABORT, 'events are never deleted');
        END;

        CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events BEGIN
            SELECT RAISE(ABORT, 'events are never changed');
        END;

        CREATE VIEW edit_states AS SELECT edits.*,
            (SELECT CASE action WHEN 'withdrawn' THEN 'withdrawn' WHEN 'removed' THEN 'removed' ELSE 'active' END FROM events
                WHERE edit_id = edits.id AND action IN ('added', 'withdrawn', 'restored', 'removed') ORDER BY seq DESC LIMIT 1) AS status,
            (SELECT at FROM events WHERE edit_id = edits.id AND action = 'added' ORDER BY seq LIMIT 1) AS created_at,
            (SELECT iif(action = 'withdrawn', at, NULL) FROM events
                WHERE edit_id = edits.id AND action IN ('withdrawn', 'restored') ORDER BY seq DESC LIMIT 1) AS withdrawn_at,
            (SELECT at FROM events WHERE edit_id = edits.id AND action = 'removed' ORDER BY seq DESC LIMIT 1) AS removed_at
        FROM edits;
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
    public static void CreateTables(SqliteConnection connection) => connection.Execute($"{Tables}\nPRAGMA user_version = {Version};");
}
