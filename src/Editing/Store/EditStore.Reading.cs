using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <content>What a store tells, now or as it was at a moment of its history. What was changed by another program is refused.</content>
public sealed partial class EditStore
{
    /// <summary>Edits by id.</summary>
    /// <param name="withParts">Reads the parts too; without them the lists are empty.</param>
    /// <param name="includeRemoved">Lists removed edits, which have no parts, and undone ones as well.</param>
    /// <param name="at">As the store was then; null is now.</param>
    /// <exception cref="InputException">
    /// An edit was made by a method this program does not know, the file is damaged, or the parts of edits that answered then were
    /// deleted since.
    /// </exception>
    public IReadOnlyList<Edit> List(bool withParts, bool includeRemoved, StoreMoment? at = null) => InSnapshot(now =>
    {
        Func<EditStatus, bool> wanted = status => includeRemoved || status is not (EditStatus.Removed or EditStatus.Undone);
        return Select(now, at, null, withParts, wanted);
    });

    /// <summary>Edit <paramref name="id"/> with its parts; a removed one is found too, without parts.</summary>
    /// <param name="id">The edit.</param>
    /// <param name="at">As it was then; null is now.</param>
    /// <exception cref="InputException">There is no such edit, or its parts were deleted since.</exception>
    public Edit Get(long id, StoreMoment? at = null) => InSnapshot(now => One(now, id, at));

    /// <summary>The first active or withdrawn edit that teaches exactly this, with its parts; null if there is none.</summary>
    public Edit? Find(string prompt, int[] targetTokens)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(targetTokens);
        return InSnapshot(now => IdOf(now, prompt, targetTokens) is { } id ? One(now, id) : null);
    }

    /// <summary>What happened, oldest first.</summary>
    /// <param name="id">To this edit; null is to any.</param>
    /// <param name="since">At this moment or after; null is ever.</param>
    /// <exception cref="InputException">There is no such edit.</exception>
    public IReadOnlyList<EditEvent> Events(long? id = null, StoreMoment? since = null) => InSnapshot(now =>
    {
        if (id is { } edit && now.Of(edit) is null) throw Missing(edit);
        return now.Events.Where(line => (id is null || line.EditId == id) && since?.IsFrom(line) != false).ToArray();
    });

    /// <summary>What was done, oldest first: the events by changes, each with all of its events.</summary>
    /// <param name="id">What touched this edit; null is all.</param>
    /// <param name="since">At this moment or after; null is ever.</param>
    /// <exception cref="InputException">There is no such edit.</exception>
    public IReadOnlyList<EditChange> Changes(long? id = null, StoreMoment? since = null) => InSnapshot(now =>
    {
        if (id is { } edit && now.Of(edit) is null) throw Missing(edit);
        return now.Changes().FindAll(change =>
            change.Events.Any(line => (id is null || line.EditId == id) && since?.IsFrom(line) != false));
    });

    /// <summary>How many edits there are of each status, and how many target tokens.</summary>
    /// <param name="at">As it was then; null is now.</param>
    public EditCounts Count(StoreMoment? at = null) => InSnapshot(now =>
    {
        EditHistory then = at is { } moment ? now.At(Reached(now, moment)) : now;
        EditCounts counts = default;
        if (targetTokens.Count < now.Count) _ = Rows("TRUE").Count(); // which notes them
        foreach ((long id, int tokens) in targetTokens)
        {
            counts = then.Of(id)?.Status switch
            {
                null => counts,
                EditStatus.Active => counts with { Active = counts.Active + 1, TargetTokens = counts.TargetTokens + tokens },
                EditStatus.Withdrawn => counts with { Withdrawn = counts.Withdrawn + 1, TargetTokens = counts.TargetTokens + tokens },
                EditStatus.Superseded => counts with { Superseded = counts.Superseded + 1 },
                EditStatus.Undone => counts with { Undone = counts.Undone + 1 },
                _ => counts with { Removed = counts.Removed + 1 },
            };
        }

        return counts;
    });

    /// <summary>How the store's first edit by a method was made, whatever became of it; null if there is none.</summary>
    /// <exception cref="InputException">The settings cannot be read.</exception>
    public EditSettings? FirstSettings(string method) => Guarded(() =>
    {
        if (firstSettings.TryGetValue(method, out EditSettings? known)) return known;
        string first = "id = (SELECT id FROM edits WHERE method = $method ORDER BY id LIMIT 1)";
        EditRow? row = Rows(first, ("$method", method)).FirstOrDefault();
        return row is null ? null : firstSettings[method] = row.ReadSettings(Path);
    });

    private Edit One(EditHistory now, long id, StoreMoment? at = null) =>
        Select(now, at, "id = $id", withParts: true, _ => true, ("$id", id)).FirstOrDefault() ?? throw Missing(id, at);

    private List<Edit> Select(
        EditHistory now, StoreMoment? at, string? condition, bool withParts, Func<EditStatus, bool> wanted,
        params (string Name, object? Value)[] parameters)
    {
        EditHistory then = at is { } moment ? now.At(Reached(now, moment)) : now;
        List<(Edit Edit, string PartsSum)> found = [];
        Dictionary<(string Method, string Json), EditSettings> settings = [];
        int rows = 0;
        foreach (EditRow row in Rows(condition ?? "TRUE", parameters))
        {
            rows++;
            if (now.Of(row.Id) is null)
                throw new InputException($"Edit store '{Path}': no event tells of edit {row.Id}.", EditRow.Tampered);
            if (then.Of(row.Id) is { } state && wanted(state.Status)) found.Add((row.ToEdit(state, settings, Path), row.PartsSum));
        }

        if (condition is null && rows < now.Count)
            throw new InputException($"Edit store '{Path}': its history tells of {now.Count} edits, {rows} are there.", EditRow.Tampered);
        return withParts && found.Count > 0 ? WithParts(now, at, found) : found.ConvertAll(row => row.Edit);
    }

    private List<Edit> WithParts(EditHistory now, StoreMoment? at, List<(Edit Edit, string PartsSum)> found)
    {
        Dictionary<long, StoredParts> parts = PartRows.Read(connection, found.Count == 1 ? found[0].Edit.Id : null, Path);
        List<Edit> edits = [], gone = [];
        foreach ((Edit edit, string sum) in found)
        {
            StoredParts stored = parts.GetValueOrDefault(edit.Id, StoredParts.None);
            EditStatus status = now.Of(edit.Id)!.Status;
            if (status != EditStatus.Removed && stored.Sum != sum)
            {
                throw new InputException(
                    $"Edit store '{Path}': the parts of edit {edit.Id} are not those that were stored, their checksum differs.",
                    EditRow.Tampered);
            }

            Edit whole = edit with { Parts = stored.Parts };
            StoreChecks.Whole(status == edit.Status ? whole : whole with { Status = status }, Identity?.NEmbd ?? 0, Path);
            if (status == EditStatus.Removed && edit.Status.IsApplied()) gone.Add(edit);
            edits.Add(whole);
        }

        return gone.Count == 0 ? edits : throw new InputException(
            $"Edit store '{Path}' cannot be used as of {at}: {Ids([.. gone.Select(edit => edit.Id)])} "
                + $"{(gone.Count == 1 ? "was" : "were")} removed since, "
                + $"and with {(gone.Count == 1 ? "it" : "them")} what it takes to apply.",
            "choose a later moment, or only list that one.");
    }

    /// <summary>The rows for which an SQL condition holds, by id.</summary>
    private IEnumerable<EditRow> Rows(string condition, params (string Name, object? Value)[] parameters)
    {
        var texts = new RowTexts();
        using var hash = new FieldHash();
        using SqliteCommand command = connection.Command($"SELECT {EditRow.Columns} FROM edits WHERE {condition} ORDER BY id", parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        long last = 0;
        while (reader.Read())
        {
            EditRow row = EditRow.Read(reader, hash, texts, Path);
            if (row.Id <= last)
                throw new InputException($"Edit store '{Path}' is damaged: edit {row.Id} follows edit {last}.", EditRow.Tampered);
            targetTokens[last = row.Id] = row.TargetTokens.Count(',') + 1;
            yield return row;
        }
    }

    /// <summary>The first active or withdrawn edit that teaches a fact.</summary>
    private long? IdOf(EditHistory now, string prompt, int[] targetTokens)
    {
        using SqliteCommand command = connection.Command(
            "SELECT id FROM edits WHERE prompt = $prompt AND target_tokens = $tokens ORDER BY id",
            ("$prompt", prompt), ("$tokens", EditRow.Tokens(targetTokens)));
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            if (now.Of(reader.GetInt64(0))?.Status.IsApplied() == true) return reader.GetInt64(0);
        }

        return null;
    }

    private StoreMoment Reached(EditHistory now, StoreMoment moment)
    {
        if (moment.Seq is not { } seq || (seq >= 1 && seq <= now.LastSeq)) return moment;
        throw new InputException(now.LastSeq == 0
            ? $"Edit store '{Path}' has no event {seq}: it is empty."
            : $"Edit store '{Path}' has no event {seq}: its events are 1 to {now.LastSeq}.");
    }

    private InputException Missing(long id, StoreMoment? at = null)
    {
        if (at is not null && history?.Of(id) is { } later)
            return new InputException($"Edit store '{Path}' has no edit {id} as of {at}: it was added at {EditRow.Time(later.CreatedAt)}.");
        using SqliteCommand command = connection.Command("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM edits");
        using SqliteDataReader reader = command.ExecuteReader();
        reader.Read();
        long last = reader.GetInt64(1);
        return new InputException(last == 0
            ? $"Edit store '{Path}' has no edit {id}: it is empty."
            : $"Edit store '{Path}' has no edit {id}: its edits are {reader.GetInt64(0)} to {last}.");
    }

    // "edit 3", "edits 3, 5", "edits 1, 2, 3, 4, 5 and 95 more".
    private static string Ids(long[] ids)
    {
        const int Shown = 5;
        string more = ids.Length > Shown ? $" and {ids.Length - Shown} more" : "";
        return $"{(ids.Length == 1 ? "edit" : "edits")} {string.Join(", ", ids.Take(Shown))}{more}";
    }
}
