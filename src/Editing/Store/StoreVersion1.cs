using System.Globalization;
using Microsoft.Data.Sqlite;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>
/// Brings a store of schema version 1 to today's. Version 1 knew iReVa only: a column per setting, a row per neuron, and a
/// status that was overwritten, so that of an edit's history its birth, its last withdrawal and its removal are left.
/// </summary>
internal static class StoreVersion1
{
    /// <summary>What its programs made of an empty database, letter by letter.</summary>
    public const string Tables = """
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

    private const string Columns = """
        id, status, prompt, target, subject, source, prompt_tokens, target_tokens, layer, theta, alpha, retrofit, epochs,
        learning_rate, beta1, beta2, epsilon, weight_decay, rec_weight, irr_weight, label_smoothing, seed
        """;

    // Whatever the clock did, an edit's own lines come in the order in which they must have happened.
    private const string Events = """
        SELECT id, action, at FROM (
            SELECT id, created_at AS at, 'added' AS action, 1 AS place, created_at AS due FROM edits1
            UNION ALL
            SELECT id, withdrawn_at, 'withdrawn', 2, max(created_at, withdrawn_at) FROM edits1 WHERE withdrawn_at IS NOT NULL
            UNION ALL
            SELECT id, removed_at, 'removed', 3, max(created_at, coalesce(withdrawn_at, ''), removed_at) FROM edits1
                WHERE removed_at IS NOT NULL
        ) ORDER BY due, place, id
        """;

    /// <summary>Does so within the caller's transaction.</summary>
    /// <exception cref="InputException">The store holds what the programs of version 1 never wrote.</exception>
    public static void Migrate(SqliteConnection connection, string path)
    {
        connection.Execute("""
            ALTER TABLE identity RENAME TO identity1;
            ALTER TABLE edits RENAME TO edits1;
            ALTER TABLE neurons RENAME TO neurons1;
            DROP INDEX edits_by_prompt;
            """);
        EditStoreSchema.CreateTables(connection);
        StoreMigration.Fill(connection, path, "identity1", (rows, nEmbd) =>
        {
            MoveEvents(connection, rows, path);
            MoveEdits(connection, rows, nEmbd, path);
        });
        connection.Execute("DROP TABLE neurons1; DROP TABLE edits1; DROP TABLE identity1;");
    }

    private static void MoveEvents(SqliteConnection connection, EditWriter rows, string path)
    {
        using SqliteCommand command = connection.Command(Events);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            EditRow.Parsed(reader, path, "edit", r => rows.Append(new EditEvent(
                0, rows.History.LastChange + 1, r.GetInt64(0), EditRow.ParseTime(r.GetString(2)), "", EventRows.Action(r.GetString(1)),
                null, "")));
        }
    }

    private static List<long> Ids(SqliteConnection connection)
    {
        List<long> ids = [];
        using SqliteCommand command = connection.Command("SELECT id FROM edits1 ORDER BY id");
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read()) ids.Add(reader.GetInt64(0));
        return ids;
    }

    // What is moved is deleted at once, so that the file hardly grows.
    private static void MoveEdits(SqliteConnection connection, EditWriter rows, int nEmbd, string path)
    {
        long? block = connection.Scalar<long?>("SELECT layer FROM identity1");
        using SqliteCommand selectEdit = connection.Command($"SELECT {Columns} FROM edits1 WHERE id = $id");
        using SqliteCommand selectNeurons = connection.Command(
            "SELECT edit_id, target_token, key, value, threshold, losses FROM neurons1 WHERE edit_id = $id ORDER BY position");
        using SqliteCommand deleteNeurons = connection.Command("DELETE FROM neurons1 WHERE edit_id = $id");
        foreach (long id in Ids(connection))
        {
            Edit edit = ReadEdit(selectEdit.With(("$id", id)), path);
            if (rows.History.Of(id)!.Status != edit.Status)
                throw new InputException($"Edit store '{path}': edit {id} has a status that its times do not tell.", EditRow.Tampered);
            if (IReVaSettings.Of(edit).Layer != block)
                throw new InputException($"Edit store '{path}': edit {id} is not of the store's block {block}.", EditRow.Tampered);
            List<Neuron> neurons = ReadNeurons(selectNeurons.With(("$id", id)), edit, path);
            deleteNeurons.With(("$id", id)).ExecuteNonQuery();
            if (edit.Status != EditStatus.Removed || neurons.Count > 0)
                edit = edit with { Parts = IReVaParts.Parts(neurons), FinalLoss = FinalLoss(neurons) };
            StoreChecks.Finite(edit.Settings, $"Edit store '{path}', edit {id}");
            rows.Insert(StoreChecks.Whole(edit, nEmbd, path, StoreChecks.LargestUnchecked));
        }
    }

    // What the programs of version 1 showed: the mean of all three losses' sum.
    private static double? FinalLoss(IReadOnlyList<Neuron> neurons) =>
        neurons.Select(neuron => neuron.FinalLoss).Average() is { } mean && !double.IsNaN(mean) ? mean : null;

    private static Edit ReadEdit(SqliteCommand command, string path)
    {
        using SqliteDataReader reader = command.ExecuteReader();
        reader.Read();
        return EditRow.Parsed(reader, path, "edit", ParseEdit);
    }

    // Which edits were taught together was not said: each is a batch of its own.
    private static Edit ParseEdit(SqliteDataReader r) => new()
    {
        Id = r.GetInt64(0),
        Batch = r.GetInt64(0),
        Status = r.GetString(1) switch
        {
            "active" => EditStatus.Active,
            "withdrawn" => EditStatus.Withdrawn,
            "removed" => EditStatus.Removed,
            _ => throw new FormatException($"status {Quoted.Text(r.GetString(1))} is unknown"),
        },
        Request = new EditRequest(r.GetString(2), r.GetString(3), r.IsDBNull(4) ? null : r.GetString(4), r.GetString(5)),
        PromptTokens = EditRow.ParseTokens(r.GetString(6)),
        TargetTokens = EditRow.ParseTokens(r.GetString(7)),
        Settings = new IReVaSettings
        {
            Layer = r.GetInt32(8),
            Theta = Float(r, 9),
            Alpha = Float(r, 10),
            Retrofit = r.GetBoolean(11),
            Epochs = r.GetInt32(12),
            LearningRate = Float(r, 13),
            Beta1 = Float(r, 14),
            Beta2 = Float(r, 15),
            Epsilon = Float(r, 16),
            WeightDecay = Float(r, 17),
            RecWeight = Float(r, 18),
            IrrWeight = Float(r, 19),
            LabelSmoothing = Float(r, 20),
            Seed = ulong.Parse(r.GetString(21), NumberStyles.None, CultureInfo.InvariantCulture),
        },
        Parts = [],
    };

    // These columns may hold anything, and SQLite makes 0 of a text.
    private static float Float(SqliteDataReader r, int column) =>
        (float)(EditRow.Real(r, column) ?? throw new FormatException($"{r.GetName(column)} is NULL"));

    private static List<Neuron> ReadNeurons(SqliteCommand command, Edit edit, string path)
    {
        List<Neuron> neurons = [];
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read()) neurons.Add(EditRow.Parsed(reader, path, "edit", ParseNeuron));
        bool fits = neurons.Count == 0
            || (neurons.Select(n => n.TargetToken).SequenceEqual(edit.TargetTokens)
                && neurons.Select(n => (n.Key.Length, n.Value.Length, n.Losses.Count)).Distinct().Count() == 1);
        return fits ? neurons : throw new InputException(
            $"Edit store '{path}': edit {edit.Id} has neurons that do not fit its target tokens or each other.", EditRow.Tampered);
    }

    private static Neuron ParseNeuron(SqliteDataReader r) => new(
        r.GetInt32(1), PartRows.Floats(r.GetFieldValue<byte[]>(2)), PartRows.Floats(r.GetFieldValue<byte[]>(3)), Float(r, 4),
        IReVaParts.Losses(PartRows.Floats(r.GetFieldValue<byte[]>(5))));
}
