using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <content>What a store tells.</content>
public sealed partial class EditStore
{
    /// <summary>All edits, by id.</summary>
    /// <param name="withParts">Reads the parts too; without them the lists are empty.</param>
    /// <param name="includeRemoved">Lists removed edits as well, which have no parts.</param>
    /// <exception cref="InputException">An edit was made by a method this program does not know, or the file is damaged.</exception>
    public IReadOnlyList<Edit> List(bool withParts, bool includeRemoved) =>
        Select(includeRemoved ? "TRUE" : "status <> 'removed'", withParts);

    /// <summary>Edit <paramref name="id"/> with its parts; a removed one is found too, without parts.</summary>
    /// <exception cref="InputException">There is no such edit.</exception>
    public Edit Get(long id)
    {
        List<Edit> found = Select("id = $id", withParts: true, ("$id", id));
        return found.Count == 1 ? found[0] : throw Guarded(() => Missing(id));
    }

    /// <summary>The first edit that is not removed and teaches exactly this, with its parts; null if there is none.</summary>
    public Edit? Find(string prompt, int[] targetTokens)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(targetTokens);
        string tokens = EditRows.Tokens(targetTokens);
        return Select($"id = ({EditWriter.FirstOfFact})", withParts: true, ("$prompt", prompt), ("$tokens", tokens)).FirstOrDefault();
    }

    /// <summary>What happened to edit <paramref name="id"/>, or to all where it is null, oldest first.</summary>
    /// <exception cref="InputException">There is no such edit.</exception>
    public IReadOnlyList<EditEvent> Events(long? id = null) => Guarded(() =>
    {
        List<EditEvent> events = EventRows.Read(connection, id, Path);
        return events.Count > 0 || id is null ? events : throw Missing(id.Value); // each edit has one at least
    });

    /// <summary>How many edits there are of each status, and how many target tokens.</summary>
    public EditCounts Count() => Guarded(() =>
    {
        using SqliteCommand command = connection.Command(
            "SELECT status, count(*), sum(json_array_length(target_tokens)) FROM edit_states GROUP BY status");
        using SqliteDataReader reader = command.ExecuteReader();
        EditCounts counts = default;
        while (reader.Read())
        {
            (long edits, long tokens) = (reader.GetInt64(1), reader.GetInt64(2));
            counts = (reader.IsDBNull(0) ? "" : reader.GetString(0)) switch
            {
                "active" => counts with { Active = edits, TargetTokens = counts.TargetTokens + tokens },
                "withdrawn" => counts with { Withdrawn = edits, TargetTokens = counts.TargetTokens + tokens },
                _ => counts with { Removed = edits },
            };
        }

        return counts;
    });

    /// <summary>How the store's first edit by a method was made, whatever became of it; null if there is none.</summary>
    /// <exception cref="InputException">The settings cannot be read.</exception>
    public EditSettings? FirstSettings(string method) => Guarded(() =>
    {
        if (firstSettings.TryGetValue(method, out EditSettings? known)) return known;
        using SqliteCommand command = connection.Command(
            "SELECT id, settings FROM edits WHERE method = $method ORDER BY id LIMIT 1", ("$method", method));
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read()) return null;
        return firstSettings[method] = EditRows.Parsed(reader, Path, r => EditSettings.Parse(method, r.GetString(1)));
    });

    private List<Edit> Select(string condition, bool withParts, params (string Name, object? Value)[] parameters) => Guarded(() =>
    {
        // One read transaction: edits and parts come from the same instant although others may write.
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        List<Edit> edits = SelectEdits(condition, parameters);
        if (!withParts || edits.Count == 0) return edits;
        int nEmbd = Identity?.NEmbd ?? ReadIdentity()?.NEmbd ?? 0;
        ILookup<long, EditPart> parts = PartRows.Read(connection, edits.Count == 1 ? edits[0].Id : null, Path);
        return edits.ConvertAll(edit => StoreChecks.Whole(edit with { Parts = [.. parts[edit.Id]] }, nEmbd, Path));
    });

    private List<Edit> SelectEdits(string condition, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        List<Edit> edits = [];
        Dictionary<(string Method, string Json), EditSettings> settings = [];
        string sql = $"SELECT {EditRows.Columns} FROM edit_states WHERE {condition} ORDER BY id";
        using SqliteCommand command = connection.Command(sql, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read()) edits.Add(EditRows.Read(reader, settings, Path));
        return edits;
    }

    private StoreIdentity? ReadIdentity()
    {
        using SqliteCommand command = connection.Command("SELECT weights, tokenizer, n_embd FROM identity");
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read() ? new StoreIdentity(new ModelFingerprint(reader.GetString(0), reader.GetString(1)), reader.GetInt32(2)) : null;
    }

    private InputException Missing(long id)
    {
        using SqliteCommand command = connection.Command("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM edits");
        using SqliteDataReader reader = command.ExecuteReader();
        reader.Read();
        long last = reader.GetInt64(1);
        return new InputException(last == 0
            ? $"Edit store '{Path}' has no edit {id}: it is empty."
            : $"Edit store '{Path}' has no edit {id}: its edits are {reader.GetInt64(0)} to {last}.");
    }
}
