using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>
/// The edits of one model in one SQLite file. Each change is one durable transaction: once a method has returned, a
/// crash at any instant loses nothing of it, and one that has not returned leaves nothing behind. Nothing is overwritten:
/// what happens to an edit is an event, and its status is what the events say. Ids are never given twice. Same changes at
/// the same times by the same author give the same file, byte for byte. Not thread-safe: one instance per thread; several
/// processes may share the file.
/// </summary>
public sealed partial class EditStore : IDisposable
{
    private readonly string file; // the path's, links followed
    private readonly TimeProvider time;
    private readonly EditAuthor author;
    private readonly Dictionary<string, EditSettings> firstSettings = []; // they never change
    private readonly Dictionary<long, int> targetTokens = []; // how many each edit has, of those read so far; they never change
    private StoreDatabase connection;
    private EditHistory? history; // what was read of it so far: see Caught
    private long added; // edits that this instance has stored
    private bool disposed;

    private EditStore(string path, string file, bool readOnly, StoreDatabase connection, TimeProvider time, EditAuthor author)
    {
        (Path, this.file, IsReadOnly, this.connection, this.time, this.author) = (path, file, readOnly, connection, time, author);
        Identity = Guarded(() => IdentityRow.Read(connection, path));
    }

    /// <summary>Where the store lies, as given to <see cref="Open"/>.</summary>
    public string Path { get; }

    /// <summary>True when it was opened for reading only.</summary>
    public bool IsReadOnly { get; }

    /// <summary>Whether it has no file, see <see cref="InMemory"/>.</summary>
    internal bool IsInMemory => file.Length == 0;

    /// <summary>What the edits belong to, or are going to where there are none; null until <see cref="Bind"/> was called once.</summary>
    public StoreIdentity? Identity { get; private set; }

    /// <summary>
    /// Opens a store. One of an older schema version is brought to today's in one transaction, or read through a copy in
    /// memory where it is opened for reading only. What lies beside the file, a log that a crash has left or another process is
    /// writing, is merged once it is known to be the store's own, see <see cref="StoreLogCheck"/>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="create">
    /// It need not exist: the first edit that is stored makes it, and until then nothing is there. Without this a missing file is an error.
    /// </param>
    /// <param name="time">Clock for the times of events; null is the system's.</param>
    /// <param name="readOnly">Forbids changes, and works where the file or its folder may not be written.</param>
    /// <param name="author">Who makes changes; null is <see cref="EditAuthor.Current"/>.</param>
    /// <exception cref="InputException">The file is missing, not an edit store, from a newer program, damaged or locked.</exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="create"/> and <paramref name="readOnly"/> together, or an empty path.
    /// </exception>
    public static EditStore Open(
        string path, bool create = false, TimeProvider? time = null, bool readOnly = false, EditAuthor? author = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (create && readOnly) throw new ArgumentException("EditStore.Open: a store cannot be created read-only.", nameof(readOnly));
        if (Directory.Exists(path)) throw new InputException($"Edit store '{path}': expected a file, got a folder.");
        string file = StoreFile.Real(path);
        bool isNew = create && !StoreFile.HasContent(file);
        if (isNew) RequireFolder(file, path);
        else if (!File.Exists(file))
            throw new InputException($"Edit store '{path}' does not exist.", "check the path.");
        StoreDatabase connection = isNew ? StoreConnection.OpenInMemory()
            : readOnly ? StoreConnection.OpenForReading(file, path) : StoreConnection.OpenForWriting(file, path, create);
        try
        {
            return new EditStore(path, file, readOnly, connection, time ?? TimeProvider.System, author ?? EditAuthor.Current)
            {
                isPending = isNew,
            };
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>An empty store without a file: its edits are gone when it is disposed.</summary>
    /// <param name="time">Clock for the times of events; null is the system's.</param>
    /// <param name="author">Who makes changes; null is <see cref="EditAuthor.Current"/>.</param>
    public static EditStore InMemory(TimeProvider? time = null, EditAuthor? author = null) =>
        new(
            StoreConnection.InMemoryName, "", readOnly: false, StoreConnection.OpenInMemory(), time ?? TimeProvider.System,
            author ?? EditAuthor.Current);

    /// <summary>
    /// Says for which model the edits are made. It is recorded with the first edit and compared ever after: as long as there is none, a
    /// store may be bound to another model.
    /// </summary>
    /// <param name="model">The base model.</param>
    /// <param name="nEmbd">C: its width.</param>
    /// <param name="settings">How edits are going to be made; null where none are.</param>
    /// <param name="config">
    /// <see cref="StoreIdentity.Config"/>. It is compared where both are known: a store that was bound without it stays so.
    /// </param>
    /// <exception cref="InputException">
    /// The edits belong to another model, width or configuration, or rule out such settings.
    /// </exception>
    public void Bind(ModelFingerprint model, int nEmbd, EditSettings? settings = null, string? config = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(nEmbd);
        var wanted = new StoreIdentity(model, nEmbd, config);
        if (InSnapshot(now => now.LastSeq) > 0) StoreChecks.Same(Identity!, wanted, Path);
        else if (!IsReadOnly) Identity = wanted;
        if (settings is not null && FirstSettings(settings.Method) is { } first) settings.RequireBeside(first, Path);
    }

    /// <summary>Merges the log into the file, so that one file remains, and lets go of it.</summary>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        if (!IsReadOnly) StoreConnection.MergeLog(connection);
        connection.Dispose();
    }

    /// <summary>Test hook: seconds to wait for another process's lock.</summary>
    internal int BusySeconds { set => connection.DefaultTimeout = value; }

    /// <summary>Test hook: lets the file grow to so many pages, as a full disk would.</summary>
    internal void LimitPages(int pages) => connection.Execute($"PRAGMA max_page_count = {pages}");

    /// <summary>Everything of a store, read and checked as far as it can be.</summary>
    /// <exception cref="InputException">Something is not what was stored.</exception>
    internal static EditHistory ReadWhole(StoreDatabase connection, string path)
    {
        var store = new EditStore(path, "", readOnly: true, connection, TimeProvider.System, EditAuthor.Current);
        store.List(withParts: true, includeRemoved: true);
        return store.history!;
    }

    /// <summary>
    /// Writes within one transaction: all that <paramref name="action"/> does, or nothing, which is also where nothing has happened to an
    /// edit. Once it is done it is moved from the log into the file, so that a copy of the file alone is whole.
    /// </summary>
    private T InTransaction<T>(Func<EditWriter, T> action) => Guarded(() =>
    {
        if (IsReadOnly) throw StoreErrors.ReadOnly(Path);
        if (isPending) return InFirst(action);
        RequireThere();
        T result = Transact(action);
        StoreConnection.MergeLog(connection);
        RequireThere();
        return result;
    });

    private T Transact<T>(Func<EditWriter, T> action)
    {
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        try
        {
            long last = Caught().LastSeq;
            if (last == 0 && Identity is not null) history = IdentityRow.Write(connection, Identity);
            T result;
            using (var rows = new EditWriter(connection, history!))
            {
                result = action(rows);
                if (rows.History.LastSeq > last) rows.End();
            }

            if (history!.LastSeq > last) transaction.Commit();
            else if (last == 0) history = null; // whose edits they are is not said before there is one
            added += history?.Events.Skip((int)last).Count(line => line.Action == EditAction.Added) ?? 0;
            return result;
        }
        catch
        {
            history = null; // it may have been told what is now rolled back
            throw;
        }
    }

    /// <summary>Reads within one transaction: everything comes from the same instant although others may write.</summary>
    private T InSnapshot<T>(Func<EditHistory, T> read) => Guarded(() =>
    {
        RequireThere();
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        return read(Caught());
    });

    // What other processes have done since the last look is read now, what was read before is not read again.
    private EditHistory Caught()
    {
        StoreIdentity? stored = IdentityRow.Read(connection, Path);
        history = EventRows.ReadOn(connection, history, stored, Path);
        if (history.LastSeq > 0 && stored is not null)
        {
            if (Identity is not null) StoreChecks.Same(stored, Identity, Path); // another process may have been first
            Identity = stored;
        }

        return history;
    }

    private void RequireThere()
    {
        if (connection.IsInMemory || !StoreFile.IsMoved(connection)) return;
        throw new InputException(
            $"Edit store '{Path}' was replaced or deleted by another program while it was open; "
                + (added == 0 ? "nothing was changed." : $"{added} {(added == 1 ? "edit" : "edits")} of this run went to the lost file."),
            "look what lies there now, and run it again.");
    }

    private T Guarded<T>(Func<T> action)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        connection.Refill();
        try
        {
            return action();
        }
        catch (SqliteException error)
        {
            throw StoreErrors.Explain(error, Path, connection);
        }
        catch (OutOfMemoryException error)
        {
            throw new InputException($"Edit store '{Path}': there is too little memory for it.", "allow this program more of it.", error);
        }
    }
}
