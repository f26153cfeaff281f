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

    // SQLite keeps it in stores that began with version 1 or 2.
    private static readonly SchemaObject Sequence =
        new("table", "sqlite_sequence", "sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq)");

    // By version, the first at 0.
    private static readonly Lazy<List<SchemaObject>>[] Objects =
        [new(() => Made(StoreVersion1.Tables)), new(() => Made(StoreVersion2.Tables)), new(() => Made(Tables + Parts))];

    /// <summary>
    /// The schema version of an edit store, 0 for a database in which nothing was ever created; throws for anything else, which is also a
    /// store with anything in it but the tables of its version. Reads only, so another application's file is left as it is.
    /// </summary>
    /// <param name="connection">Within a transaction: all that is looked at must be of one instant.</param>
    /// <param name="path">The store, for messages.</param>
    /// <exception cref="InputException">It is no edit store, or a newer program's, or something was added to it.</exception>
    public static long VersionOf(SqliteConnection connection, string path)
    {
        long application = connection.Scalar<long>("PRAGMA application_id"), version = connection.Scalar<long>("PRAGMA user_version");
        List<SchemaObject> found = ObjectsOf(connection);
        if (version == Version) found.Remove(Sequence);
        if (application == 0 && found.Count == 0) return 0;
        if (application != ApplicationId)
        {
            throw new InputException(
                $"'{path}' is a database of another application (application_id {application}, expected {ApplicationId}).",
                "name an edit store, or a file that does not exist yet.");
        }

        if (version is < 1 or > Version)
        {
            throw new InputException(
                $"Edit store '{path}': schema version {version}, this program knows 1 to {Version}.",
                version > Version ? "a newer Sharpformer wrote it; use that one." : null);
        }

        return Misfit(found, Objects[version - 1].Value) is not { } misfit ? version : throw new InputException(
            $"Edit store '{path}': {misfit}.", "another program changed it; fetch a copy from a backup, or save its edits with 'salvage'.");
    }

    /// <summary>The same in a transaction of its own.</summary>
    /// <inheritdoc cref="VersionOf"/>
    public static long Look(SqliteConnection connection, string path)
    {
        using SqliteTransaction instant = connection.BeginTransaction(deferred: true);
        return VersionOf(connection, path);
    }

    /// <summary>Whether all tables of today's version are there as they should be, whatever else there is.</summary>
    public static bool HasTables(SqliteConnection connection)
    {
        List<SchemaObject> found = ObjectsOf(connection);
        return Objects[Version - 1].Value.FindAll(one => one.Type == "table").TrueForAll(found.Contains);
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

    /// <summary>What is in a database, in the order of the names.</summary>
    private static List<SchemaObject> ObjectsOf(SqliteConnection connection)
    {
        List<SchemaObject> objects = [];
        using SqliteCommand command = connection.Command("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY name");
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read()) objects.Add(new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        return objects;
    }

    // What a version's program makes is asked of SQLite itself, once: so it includes what SQLite adds.
    private static List<SchemaObject> Made(string tables)
    {
        using var memory = StoreDatabase.OpenInMemory();
        memory.Execute(tables);
        return ObjectsOf(memory);
    }

    private static string? Misfit(List<SchemaObject> found, List<SchemaObject> expected)
    {
        foreach (SchemaObject one in found)
        {
            if (expected.Contains(one)) continue;
            string name = $"{Quoted.Bare(one.Type)} {Quoted.Text(one.Name)}";
            return expected.Exists(other => (other.Type, other.Name) == (one.Type, one.Name))
                ? $"its {name} is not as an edit store's"
                : $"it has a {name}, which no edit store has";
        }

        SchemaObject? missing = expected.Find(one => !found.Contains(one));
        if (missing is not null) return $"it has no {missing.Type} {Quoted.Text(missing.Name)}";
        return found.Count == expected.Count ? null : "it has something twice";
    }

    private sealed record SchemaObject(string Type, string Name, string Table, string Sql);
}
