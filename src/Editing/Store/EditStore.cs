using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>
/// The edits of one adaptor in one SQLite file. Each change is one durable transaction: once a method has returned, a
/// crash at any instant loses nothing of it, and one that has not returned leaves nothing behind. Nothing is overwritten
/// and ids are never given twice. Same changes at the same times give the same file, byte for byte. Not thread-safe:
/// one instance per thread; several processes may share the file.
/// </summary>
public sealed class EditStore : IDisposable
{
    /// <summary>The id of the first edit that teaches a fact; null, in a row of its own, if there is none.</summary>
    private const string FirstOfFact = "SELECT min(id) FROM edits WHERE prompt = $prompt AND target_tokens = $tokens AND status <> 'removed'";

    private readonly SqliteConnection connection;
    private readonly TimeProvider time;
    private bool disposed;

    private EditStore(string path, bool readOnly, SqliteConnection connection, TimeProvider time)
    {
        (Path, IsReadOnly, this.connection, this.time) = (path, readOnly, connection, time);
        Identity = Guarded(ReadIdentity);
    }

    /// <summary>Where the store lies, as given to <see cref="Open"/>.</summary>
    public string Path { get; }

    /// <summary>True when it was opened for reading only.</summary>
    public bool IsReadOnly { get; }

    /// <summary>The model, width and block the edits belong to; null until <see cref="Bind"/> was called once.</summary>
    public StoreIdentity? Identity { get; private set; }

    /// <summary>Opens a store.</summary>
    /// <param name="path">The file.</param>
    /// <param name="create">Makes it if it does not exist; without this a missing file is an error.</param>
    /// <param name="time">Clock for the times of edits; null is the system's.</param>
    /// <param name="readOnly">Forbids changes, and works where the file or its folder may not be written.</param>
    /// <exception cref="InputException">The file is missing, not an edit store, from a newer program, damaged or locked.</exception>
    /// <exception cref="ArgumentException"><paramref name="create"/> and <paramref name="readOnly"/> together, or an empty path.</exception>
    public static EditStore Open(string path, bool create = false, TimeProvider? time = null, bool readOnly = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (create && readOnly) throw new ArgumentException("EditStore.Open: a store cannot be created read-only.", nameof(readOnly));
        if (Directory.Exists(path)) throw new InputException($"Edit store '{path}': expected a file, got a folder.");
        if (!File.Exists(path))
        {
            if (!create) throw new InputException($"Edit store '{path}' does not exist.", "check the path; adding an edit creates it.");
            string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
            if (!Directory.Exists(folder)) throw new InputException($"Edit store '{path}' cannot be created: there is no folder '{folder}'.", "make the folder first.");
        }

        SqliteConnection connection = readOnly ? StoreConnection.OpenForReading(path) : StoreConnection.OpenForWriting(path, create);
        try
        {
            return new EditStore(path, readOnly, connection, time ?? TimeProvider.System);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Says for which model the edits are made: recorded the first time, compared ever after. An unbound store that is
    /// read-only stays unbound; it holds no edits to compare.
    /// </summary>
    /// <exception cref="InputException">The store belongs to another model, width or block.</exception>
    public void Bind(ModelFingerprint model, int nEmbd, int layer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(nEmbd);
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        var wanted = new StoreIdentity(model, nEmbd, layer);
        if (Identity is null && !IsReadOnly)
        {
            InTransaction(() =>
            {
                Identity = ReadIdentity(); // another process may have been first
                if (Identity is not null) return;
                Execute("INSERT INTO identity (one, weights, tokenizer, n_embd, layer) VALUES (1, $weights, $tokenizer, $n_embd, $layer)",
                    ("$weights", model.Weights), ("$tokenizer", model.Tokenizer), ("$n_embd", nEmbd), ("$layer", layer));
            });
            Identity ??= wanted;
        }

        if (Identity is not null) StoreChecks.Same(Identity, wanted, Path);
    }

    /// <summary>Stores an edit with all its neurons, as active and born now; its own id, status and times are ignored.</summary>
    /// <returns><paramref name="edit"/> with its id and time of birth.</returns>
    /// <exception cref="ArgumentException">Lengths, tokens or layer do not fit together or do not fit the store.</exception>
    /// <exception cref="InputException">A number is not finite, or the file could not take the edit; then nothing is stored.</exception>
    /// <exception cref="InvalidOperationException"><see cref="Bind"/> was not called.</exception>
    public Edit Add(Edit edit)
    {
        Edit stored = Storable(edit);
        InTransaction(() => stored = stored with { Id = Insert(stored) });
        return stored;
    }

    /// <summary>
    /// Stores edits, all or none, leaving out those whose fact is there already, perhaps stored by another process an
    /// instant ago.
    /// </summary>
    /// <returns>Per edit what is in the store now: this one, or the one that was there.</returns>
    /// <inheritdoc cref="Add(Edit)"/>
    public IReadOnlyList<TaughtEdit> AddOnce(IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(edits);
        Edit[] storable = [.. edits.Select(Storable)];
        var stored = new TaughtEdit[storable.Length];
        InTransaction(() =>
        {
            for (int i = 0; i < stored.Length; i++)
            {
                long? there = IdOf(storable[i].Request.Prompt, storable[i].TargetTokens);
                stored[i] = new TaughtEdit(storable[i] with { Id = there ?? Insert(storable[i]) }, there is null);
            }
        });
        return [.. stored.Select(taught => taught.IsNew ? taught : taught with { Edit = Get(taught.Edit.Id) })];
    }

    /// <summary>All edits, by id.</summary>
    /// <param name="withNeurons">Reads the neurons too; without them the lists are empty.</param>
    /// <param name="includeRemoved">Lists removed edits as well, which have no neurons.</param>
    public IReadOnlyList<Edit> List(bool withNeurons, bool includeRemoved) =>
        Select(includeRemoved ? "TRUE" : "status <> 'removed'", withNeurons);

    /// <summary>Edit <paramref name="id"/> with its neurons; a removed one is found too, without neurons.</summary>
    /// <exception cref="InputException">There is no such edit.</exception>
    public Edit Get(long id)
    {
        List<Edit> found = Select("id = $id", withNeurons: true, ("$id", id));
        return found.Count == 1 ? found[0] : throw Guarded(() => Missing(id));
    }

    /// <summary>The first edit that is not removed and teaches exactly this, with its neurons; null if there is none.</summary>
    public Edit? Find(string prompt, int[] targetTokens)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(targetTokens);
        return Select($"id = ({FirstOfFact})", withNeurons: true, ("$prompt", prompt), ("$tokens", EditRows.Tokens(targetTokens))).FirstOrDefault();
    }

    /// <summary>Keeps an active edit silent; its neurons stay.</summary>
    /// <exception cref="InputException">There is no such edit, or it is not active.</exception>
    public void Withdraw(long id) => Change(id, status => status == EditStatus.Active, "withdrawn", () =>
        Execute("UPDATE edits SET status = 'withdrawn', withdrawn_at = $now WHERE id = $id", ("$id", id), ("$now", Now())));

    /// <summary>Lets a withdrawn edit answer again, bit for bit as before.</summary>
    /// <exception cref="InputException">There is no such edit, or it is not withdrawn.</exception>
    public void Restore(long id) => Change(id, status => status == EditStatus.Withdrawn, "restored", () =>
        Execute("UPDATE edits SET status = 'active', withdrawn_at = NULL WHERE id = $id", ("$id", id)));

    /// <summary>Deletes an edit's neurons for good; the edit stays listed as history.</summary>
    /// <exception cref="InputException">There is no such edit, or it is removed already.</exception>
    public void Remove(long id) => Change(id, status => status != EditStatus.Removed, "removed", () =>
    {
        Execute("DELETE FROM neurons WHERE edit_id = $id", ("$id", id));
        Execute("UPDATE edits SET status = 'removed', removed_at = $now WHERE id = $id", ("$id", id), ("$now", Now()));
    });

    /// <summary>How many edits there are of each status, and how many neurons.</summary>
    public EditCounts Count() => Guarded(() =>
    {
        using SqliteCommand command = Command("""
            SELECT count(*) FILTER (WHERE status = 'active'), count(*) FILTER (WHERE status = 'withdrawn'),
                count(*) FILTER (WHERE status = 'removed'), (SELECT count(*) FROM neurons)
            FROM edits
            """);
        using SqliteDataReader reader = command.ExecuteReader();
        reader.Read();
        return new EditCounts(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
    });

    /// <summary>Merges the log into the file, so that one file remains, and lets go of it.</summary>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        try
        {
            if (!IsReadOnly) Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException)
        {
            // The log itself is durable: whoever opens the store next merges it.
        }

        connection.Dispose();
    }

    /// <summary>Test hook: seconds to wait for another process's lock.</summary>
    internal int BusySeconds { set => connection.DefaultTimeout = value; }

    /// <summary>Test hook: lets the file grow to so many pages, as a full disk would.</summary>
    internal void LimitPages(int pages) => Execute($"PRAGMA max_page_count = {pages}");

    private Edit Storable(Edit edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        StoreIdentity identity = Identity ?? throw new InvalidOperationException("EditStore.Add: Bind the store to a model first.");
        StoreChecks.Storable(edit, identity);
        return edit with { Status = EditStatus.Active, CreatedAt = time.GetUtcNow(), WithdrawnAt = null, RemovedAt = null };
    }

    private long Insert(Edit edit)
    {
        long id = EditRows.InsertEdit(connection, edit);
        EditRows.InsertNeurons(connection, id, edit.Neurons);
        return id;
    }

    private long? IdOf(string prompt, int[] targetTokens)
    {
        using SqliteCommand command = Command(FirstOfFact, ("$prompt", prompt), ("$tokens", EditRows.Tokens(targetTokens)));
        return command.ExecuteScalar() as long?;
    }

    private List<Edit> Select(string condition, bool withNeurons, params (string Name, object Value)[] parameters) => Guarded(() =>
    {
        // One read transaction: edits and neurons come from the same instant although others may write.
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        List<Edit> edits = [];
        using (SqliteCommand command = Command($"SELECT {EditRows.EditColumns} FROM edits WHERE {condition} ORDER BY id", parameters))
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read()) edits.Add(EditRows.ReadEdit(reader, Path));
        }

        if (withNeurons && edits.Count > 0) AttachNeurons(edits, condition, parameters);
        return edits;
    });

    // Both queries run in order of edit id, so one pass over each joins them.
    private void AttachNeurons(List<Edit> edits, string condition, (string Name, object Value)[] parameters)
    {
        int nEmbd = Identity?.NEmbd ?? ReadIdentity()?.NEmbd ?? 0;
        using SqliteCommand command = Command($"""
            SELECT {EditRows.NeuronColumns} FROM neurons
            WHERE edit_id IN (SELECT id FROM edits WHERE {condition}) ORDER BY edit_id, position
            """, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        int at = 0;
        List<Neuron> neurons = [];
        while (reader.Read())
        {
            (long id, Neuron neuron) = EditRows.ReadNeuron(reader, nEmbd, Path);
            while (edits[at].Id < id) Finish();
            neurons.Add(neuron);
        }

        while (at < edits.Count) Finish();

        void Finish()
        {
            edits[at] = StoreChecks.Whole(edits[at] with { Neurons = neurons }, Path);
            neurons = [];
            at++;
        }
    }

    private void Change(long id, Func<EditStatus, bool> allowed, string done, Action change) => InTransaction(() =>
    {
        using SqliteCommand command = Command($"SELECT {EditRows.EditColumns} FROM edits WHERE id = $id", ("$id", id));
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read()) throw Missing(id);
        Edit edit = EditRows.ReadEdit(reader, Path);
        reader.Close();
        if (!allowed(edit.Status)) throw StoreChecks.WrongStatus(edit, done);
        change();
    });

    private void InTransaction(Action action) => Guarded(() =>
    {
        if (IsReadOnly) throw StoreErrors.ReadOnly(Path);
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        action();
        transaction.Commit();
        return true;
    });

    private T Guarded<T>(Func<T> action)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        try
        {
            return action();
        }
        catch (SqliteException error)
        {
            throw StoreErrors.Explain(error, Path, connection);
        }
    }

    private StoreIdentity? ReadIdentity()
    {
        using SqliteCommand command = Command("SELECT weights, tokenizer, n_embd, layer FROM identity");
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read()
            ? new StoreIdentity(new ModelFingerprint(reader.GetString(0), reader.GetString(1)), reader.GetInt32(2), reader.GetInt32(3))
            : null;
    }

    private InputException Missing(long id)
    {
        using SqliteCommand command = Command("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM edits");
        using SqliteDataReader reader = command.ExecuteReader();
        reader.Read();
        long last = reader.GetInt64(1);
        return new InputException(last == 0
            ? $"Edit store '{Path}' has no edit {id}: it is empty."
            : $"Edit store '{Path}' has no edit {id}: its edits are {reader.GetInt64(0)} to {last}.");
    }

    private string Now() => EditRows.Time(time.GetUtcNow());

    private void Execute(string sql, params (string Name, object Value)[] parameters)
    {
        using SqliteCommand command = Command(sql, parameters);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params (string Name, object Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }
}
