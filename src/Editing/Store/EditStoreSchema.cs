using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>The tables of an edit store, and the marks by which its file is told from any other database.</summary>
internal static class EditStoreSchema
{
    /// <summary>"Shfr" in ASCII, kept in the SQLite header's application_id.</summary>
    public const int ApplicationId = 0x53686672;

    /// <summary>Kept in the SQLite header's user_version; raised with every change of the tables.</summary>
    public const int Version = 1;

    // Floats sit in ANY columns: a REAL column rewrites whole numbers as integers and so loses the sign of -0.
    // The seed is a ulong, SQLite's integers are signed: as decimal text it stays readable over its whole range.
    private const string Tables = """
        CREATE TABLE identity (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            weights TEXT NOT NULL,
            tokenizer TEXT NOT NULL,
            n_embd INTEGER NOT NULL,
            layer INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE edits (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            status TEXT NOT NULL CHECK (status IN ('active', 'withdrawn', 'removed')),
            prompt TEXT NOT NULL,
            target TEXT NOT NULL,
            subject TEXT,
            source TEXT NOT NULL,
            prompt_tokens TEXT NOT NULL,
            target_tokens TEXT NOT NULL,
            created_at TEXT NOT NULL,
            withdrawn_at TEXT,
            removed_at TEXT,
            layer INTEGER NOT NULL,
            theta ANY NOT NULL,
            alpha ANY NOT NULL,
            retrofit INTEGER NOT NULL CHECK (retrofit IN (0, 1)),
            epochs INTEGER NOT NULL,
            learning_rate ANY NOT NULL,
            beta1 ANY NOT NULL,
            beta2 ANY NOT NULL,
            epsilon ANY NOT NULL,
            weight_decay ANY NOT NULL,
            rec_weight ANY NOT NULL,
            irr_weight ANY NOT NULL,
            label_smoothing ANY NOT NULL,
            seed TEXT NOT NULL
        ) STRICT;

        CREATE INDEX edits_by_prompt ON edits (prompt, target_tokens);

        CREATE TABLE neurons (
            edit_id INTEGER NOT NULL REFERENCES edits (id),
            position INTEGER NOT NULL,
            target_token INTEGER NOT NULL,
            key BLOB NOT NULL,
            value BLOB NOT NULL,
            threshold ANY NOT NULL,
            losses BLOB NOT NULL,
            PRIMARY KEY (edit_id, position)
        ) STRICT;
        """;

    /// <summary>
    /// True for an edit store, false for a database in which nothing was ever created; throws for anything else.
    /// Reads only, so another application's file is left as it is.
    /// </summary>
    public static bool Check(SqliteConnection connection, string path)
    {
        long application = Scalar(connection, "PRAGMA application_id");
        long version = Scalar(connection, "PRAGMA user_version");
        if (application == ApplicationId)
        {
            if (version is >= 1 and <= Version) return true;
            throw new InputException(
                $"Edit store '{path}': schema version {version}, this program knows 1 to {Version}.",
                version > Version ? "a newer Sharpformer wrote it; use that one." : null);
        }

        if (application == 0 && Scalar(connection, "SELECT count(*) FROM sqlite_master") == 0) return false;
        throw new InputException(
            $"'{path}' is a database of another application (application_id {application}, expected {ApplicationId}).",
            "name an edit store, or a file that does not exist yet.");
    }

    /// <summary>Creates the tables in one transaction, unless another process has just done so.</summary>
    public static void Create(SqliteConnection connection, string path)
    {
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        if (Check(connection, path)) return;
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"{Tables}\nPRAGMA application_id = {ApplicationId};\nPRAGMA user_version = {Version};";
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    private static long Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
