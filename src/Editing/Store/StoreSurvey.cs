using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>
/// Everything of a store that is as it was written, and what is not. It looks row by row where <see cref="EditStore"/> gives up at the
/// first fault, and at a copy, so that the store stays as it is.
/// </summary>
internal sealed class StoreSurvey
{
    private readonly string path;
    private readonly List<StoreFinding> findings = [];
    private long lastBreak; // the last event that is damaged or missing

    private StoreSurvey(string path) => this.path = path;

    /// <summary>What is wrong.</summary>
    public IReadOnlyList<StoreFinding> Findings => findings;

    /// <summary>Whose edits they are; null where that is not known.</summary>
    public StoreIdentity? Identity { get; private set; }

    /// <summary>The events that are as they were written, in order.</summary>
    public List<EditEvent> Events { get; } = [];

    /// <summary>The edits of which row and parts are as they were stored, by id.</summary>
    public SortedDictionary<long, (EditRow Row, IReadOnlyList<EditPart> Parts)> Edits { get; } = [];

    /// <summary>Edits that are there and are not as they were stored.</summary>
    public List<long> Damaged { get; } = [];

    /// <summary>Looks at a store.</summary>
    public static StoreSurvey Of(string path)
    {
        var survey = new StoreSurvey(path);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sharpformer-");
        try
        {
            survey.Look(survey.Copied(StoreFile.Real(path), Path.Combine(folder.FullName, "store.db")));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return survey;
    }

    /// <summary>Whether an edit's status is known for certain: something happened to it behind the last gap in the history.</summary>
    public bool IsCertain(long id) => lastBreak == 0 || Events.FindLast(line => line.EditId == id)?.Seq > lastBreak;

    /// <summary>What there is to report.</summary>
    public StoreReport Report() =>
        new(path, findings, [.. Edits.Keys], [.. Edits.Keys.Where(id => !IsCertain(id))], Events.Count);

    // The copy is as long as its header says, so that what is there of a file that was cut off can be read.
    private string Copied(string file, string copy)
    {
        if (StoreFile.Misfit(file) is { } misfit) Found(StorePart.File, null, misfit);
        using (FileStream from = StoreFile.Open(file), to = File.Create(copy))
        {
            from.CopyTo(to);
            var header = new byte[32];
            to.Position = 0;
            if (to.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length)
            {
                (int pageSize, uint pages) = StoreFile.Size(header);
                long expected = pageSize * (long)pages;
                if (expected > to.Length / 2 && expected < 2 * to.Length + (1 << 20)) to.SetLength(expected);
            }
        }

        if (!StoreFile.HasContent(StoreFile.Log(file))) return copy;
        StoreLog log = StoreLog.Of(file);
        if (log.DamagedFrame is not null) Found(StorePart.Log, null, log.Explain(path).Message);
        if (log.Readable == 0) return copy;
        using (FileStream from = StoreFile.Open(StoreFile.Log(file)), to = File.Create(StoreFile.Log(copy))) from.CopyTo(to);
        try
        {
            using var both = new StoreDatabase(copy, SqliteOpenMode.ReadWrite, copy);
            StoreLogCheck check = StoreLogCheck.Of(copy, path);
            both.Open();
            both.MergesOnClose = false;
            check.Look(both, path);
        }
        catch (InputException error) when (error.Message.Contains(StoreLogCheck.NotItsOwn, StringComparison.Ordinal))
        {
            Found(StorePart.Log, null, error.Message);
            File.Delete(StoreFile.Log(copy)); // the file alone is whole
            File.Delete(copy + "-shm");
        }
        catch (Exception error) when (error is InputException or SqliteException)
        {
            // Found again below, row by row.
        }

        return copy;
    }

    private void Look(string copy)
    {
        using var file = new StoreDatabase(copy, SqliteOpenMode.ReadWrite, copy);
        StoreDatabase? migrated = null;
        try
        {
            file.Open();
            long version = Version(file);
            if (version is 1 or 2) migrated = StoreConnection.Migrated(file, path);
            Look(migrated ?? file, version);
        }
        catch (InputException error)
        {
            Found(StorePart.Schema, null, error.Message);
        }
        catch (SqliteException error)
        {
            Found(StorePart.File, null, StoreErrors.Explain(error, path, file).Message);
        }
        finally
        {
            migrated?.Dispose();
        }
    }

    // 0 where nothing can be read.
    private long Version(StoreDatabase file)
    {
        try
        {
            return EditStoreSchema.Look(file, path);
        }
        catch (InputException error)
        {
            Found(StorePart.Schema, null, error.Message);
            return EditStoreSchema.HasTables(file) ? EditStoreSchema.Version : 0;
        }
    }

    private void Look(StoreDatabase connection, long version)
    {
        if (version == 0) return;
        foreach (string line in Lines(connection)) Found(StorePart.File, null, line);
        try
        {
            Identity = IdentityRow.Read(connection, path);
        }
        catch (Exception error) when (error is InputException or SqliteException)
        {
            Found(StorePart.Identity, null, Told(error));
        }

        using var hash = new FieldHash();
        LookAtEvents(connection, hash);
        LookAtEdits(connection, hash);
    }

    private void LookAtEvents(StoreDatabase connection, FieldHash hash)
    {
        string? before = Identity is null ? null : IdentityRow.Sum(Identity); // the sum that the next one follows; null is not known
        long due = 1;
        foreach (long seq in Keys(connection, "events", "seq"))
        {
            if (seq != due)
            {
                Broken(due, seq == due + 1 ? "it is missing" : $"it and those up to event {seq - 1} are missing");
                (before, lastBreak) = (null, seq - 1);
            }

            due = seq + 1;
            try
            {
                (EditEvent line, string sum) = EventRows.ReadOne(connection, seq, path);
                if (before is null) Broken(seq, "the one before it is not known, so it cannot be verified");
                else if (EventRows.Sum(hash, before, line) != sum) Broken(seq, "it is not what was written, its checksum differs");
                else Events.Add(line);
                before = sum;
            }
            catch (Exception error) when (error is InputException or SqliteException)
            {
                Broken(seq, Told(error));
                before = null;
            }
        }

        try
        {
            (long Seq, string Sum)? head = EventRows.Head(connection);
            if (head is { } end && end.Seq == due - 1 && (before is null || end.Sum == before)) return;
            if (head is null && due == 1 && Identity is null) return;
            Broken(long.MaxValue, $"the history does not end with event {due - 1} as it was written");
        }
        catch (Exception error) when (error is InputException or SqliteException or InvalidCastException)
        {
            Broken(long.MaxValue, "where the history ends cannot be read");
        }

        void Broken(long seq, string what)
        {
            Found(StorePart.Event, seq == long.MaxValue ? null : seq, what);
            lastBreak = seq;
        }
    }

    private void LookAtEdits(StoreDatabase connection, FieldHash hash)
    {
        HashSet<long> told = [.. Events.Select(line => line.EditId)], removed =
            [.. Events.Where(line => line.Action == EditAction.Removed).Select(line => line.EditId)];
        Dictionary<(string, string), EditSettings> settings = [];
        var state = new EditState(EditStatus.Active, default, null, null, null);
        foreach (long id in Keys(connection, "edits", "id"))
        {
            try
            {
                EditRow row = EditRow.ReadOne(connection, id, hash, path);
                StoredParts parts = PartRows.Read(connection, id, path).GetValueOrDefault(id, StoredParts.None);
                bool isRemoved = removed.Contains(id);
                if (!isRemoved && parts.Sum != row.PartsSum) throw new InputException("its parts are not those that were stored.");
                Edit edit = row.ToEdit(state with { Status = isRemoved ? EditStatus.Removed : EditStatus.Active }, settings, path);
                StoreChecks.Whole(edit with { Parts = parts.Parts }, Identity?.NEmbd ?? 0, path);
                Edits.Add(id, (row, parts.Parts));
                if (!told.Contains(id) && lastBreak == 0) Found(StorePart.Edit, id, "no event tells of it");
            }
            catch (Exception error) when (error is InputException or SqliteException)
            {
                Found(StorePart.Edit, id, Told(error));
                Damaged.Add(id);
            }
        }

        foreach (long id in told.Except(Edits.Keys).Except(Damaged).Order())
        {
            Found(StorePart.Edit, id, "events tell of it, and it is not there");
            Damaged.Add(id);
        }
    }

    // All keys that can be reached from either end: a damaged page hides those behind it.
    private static SortedSet<long> Keys(StoreDatabase connection, string table, string key)
    {
        SortedSet<long> keys = [];
        foreach (string order in (string[])["ASC", "DESC"])
        {
            try
            {
                connection.Refill();
                using SqliteCommand command = connection.Command($"SELECT {key} FROM {table} NOT INDEXED ORDER BY {key} {order}");
                using SqliteDataReader reader = command.ExecuteReader();
                while (reader.Read()) keys.Add(reader.GetInt64(0));
                return keys;
            }
            catch (SqliteException)
            {
                // From the other end, too.
            }
        }

        return keys;
    }

    private static List<string> Lines(StoreDatabase connection)
    {
        List<string> lines = [];
        try
        {
            using SqliteCommand command = connection.Command("PRAGMA integrity_check(20)");
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read() && reader.GetString(0) is not "ok" and var text) lines.AddRange(StoreErrors.Findings(text));
        }
        catch (SqliteException error)
        {
            lines.Add($"it cannot be checked (SQLite's error {error.SqliteExtendedErrorCode})");
        }

        connection.Refill();
        return [.. lines.Distinct()];
    }

    private string Told(Exception error) => error is SqliteException sqlite
        ? $"it lies where the file is damaged (SQLite's error {sqlite.SqliteExtendedErrorCode})"
        : error.Message.Split(" Hint: ")[0].Replace($"Edit store '{path}': ", "", StringComparison.Ordinal);

    private void Found(StorePart where, long? id, string what) => findings.Add(new StoreFinding(where, id, what.Split(" Hint: ")[0]));
}
