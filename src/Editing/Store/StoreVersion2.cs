using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>
/// Brings a store of schema version 2 to today's. Version 2 had the same parts, and edits and events without checksums. Which events
/// belong to one change it did not say, but what was taught together was added in one.
/// </summary>
internal static class StoreVersion2
{
    /// <summary>What its programs made of an empty database, letter by letter.</summary>
    public const string Tables = """
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

    /// <summary>Does so within the caller's transaction.</summary>
    /// <exception cref="InputException">The store holds what the programs of version 2 never wrote.</exception>
    public static void Migrate(SqliteConnection connection, string path)
    {
        connection.Execute("""
            DROP VIEW IF EXISTS edit_states;
            DROP TRIGGER IF EXISTS events_stay;
            DROP TRIGGER IF EXISTS events_stay_as_they_are;
            DROP INDEX IF EXISTS edits_by_prompt;
            DROP INDEX IF EXISTS events_by_edit;
            ALTER TABLE identity RENAME TO identity2;
            ALTER TABLE edits RENAME TO edits2;
            ALTER TABLE events RENAME TO events2;
            """);
        EditStoreSchema.CreateTables(connection, hasParts: true);
        StoreMigration.Fill(connection, path, "identity2", (rows, nEmbd) =>
        {
            MoveEvents(connection, rows, path);
            MoveEdits(connection, rows, nEmbd, path);
        });
        connection.Execute("DROP TABLE events2; DROP TABLE edits2; DROP TABLE identity2;");
    }

    private static void MoveEvents(SqliteConnection connection, EditWriter rows, string path)
    {
        using SqliteCommand command = connection.Command("""
            SELECT seq, edit_id, at, user, action, reason, version, (SELECT batch FROM edits2 WHERE id = edit_id) FROM events2 ORDER BY seq
            """);
        using SqliteDataReader reader = command.ExecuteReader();
        long batch = 0; // of the event before, where that was an addition
        while (reader.Read())
        {
            EditRow.Parsed(reader, path, "event", r =>
            {
                EditAction action = EventRows.Action(r.GetString(4));
                bool isTogether = action == EditAction.Added && r.GetInt64(7) == batch;
                batch = action == EditAction.Added ? r.GetInt64(7) : 0;
                return rows.Append(new EditEvent(
                    0, rows.History.LastChange + (isTogether ? 0 : 1), r.GetInt64(1), EditRow.ParseTime(r.GetString(2)), r.GetString(3),
                    action, EditRow.Text(r, 5), r.GetString(6)));
            });
        }
    }

    // What is moved is deleted at once, so that the file hardly grows.
    private static void MoveEdits(SqliteConnection connection, EditWriter rows, int nEmbd, string path)
    {
        using SqliteCommand select = connection.Command("""
            SELECT id, method, settings, prompt, target, subject, source, prompt_tokens, target_tokens, batch, final_loss
            FROM edits2 ORDER BY id LIMIT 1
            """);
        using SqliteCommand delete = connection.Command("DELETE FROM edits2 WHERE id = $id");
        Dictionary<(string, string), EditSettings> settings = [];
        while (ReadRow(select, path) is { } row)
        {
            StoredParts parts = PartRows.Read(connection, row.Id, path).GetValueOrDefault(row.Id, StoredParts.None);
            EditState state = rows.History.Of(row.Id)
                ?? throw new InputException($"Edit store '{path}': no event tells of edit {row.Id}.", EditRow.Tampered);
            StoreChecks.Whole(row.ToEdit(state, settings, path) with { Parts = parts.Parts }, nEmbd, path, StoreChecks.LargestUnchecked);
            rows.Insert(row with { PartsSum = parts.Sum });
            delete.With(("$id", row.Id)).ExecuteNonQuery();
        }
    }

    private static EditRow? ReadRow(SqliteCommand select, string path)
    {
        using SqliteDataReader reader = select.ExecuteReader();
        if (!reader.Read()) return null;
        return EditRow.Parsed(reader, path, "edit", r => new EditRow(
            r.GetInt64(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetString(4), EditRow.Text(r, 5), r.GetString(6), null,
            r.GetString(7), r.GetString(8), r.GetInt64(9), EditRow.Real(r, 10))
        {
            PartsSum = "",
        });
    }
}
