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
    private readonly SqliteConnection connection;
    private readonly TimeProvider time;
    private readonly EditAuthor author;
    private readonly Dictionary<string, EditSettings> firstSettings = []; // they never change
    private EditHistory? history; // what was read of it so far: see Caught
    private bool disposed;

    private EditStore(string path, bool readOnly, SqliteConnection connection, TimeProvider time, EditAuthor author)
    {
        (Path, IsReadOnly, this.connection, this.time, this.author) = (path, readOnly, connection, time, author);
        Identity = Guarded(() => IdentityRow.Read(connection, path));
    }

    /// <summary>Where the store lies, as given to <see cref="Open"/>.</summary>
    public string Path { get; }

    /// <summary>True when it was opened for reading only.</summary>
    public bool IsReadOnly { get; }

    /// <summary>What the edits belong to; null until <see cref="Bind"/> was called once.</summary>
    public StoreIdentity? Identity { get; private set; }

    /// <summary>
    /// Opens a store. One of an older schema version is brought to today's in one transaction, or read through a copy in
    /// memory where it is opened for reading only.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="create">Makes it if it does not exist; without this a missing file is an error.</param>
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
        if (!File.Exists(path))
        {
            if (!create) throw new InputException($"Edit store '{path}' does not exist.", "check the path; adding an edit creates it.");
            string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
            if (!Directory.Exists(folder))
            {
                throw new InputException(
                    $"Edit store '{path}' cannot be created: there is no folder '{folder}'.", "make the folder first.");
            }
        }

        SqliteConnection connection = readOnly ? StoreConnection.OpenForReading(path) : StoreConnection.OpenForWriting(path, create);
        try
        {
            return new EditStore(path, readOnly, connection, time ?? TimeProvider.System, author ?? EditAuthor.Current);
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
            StoreConnection.InMemoryName, readOnly: false, StoreConnection.OpenInMemory(), time ?? TimeProvider.System,
            author ?? EditAuthor.Current);

    /// <summary>
    /// Says for which model the edits are made: recorded the first time, compared ever after. An unbound store that is
    /// read-only stays unbound; it holds no edits to compare.
    /// </summary>
    /// <param name="model">The base model.</param>
    /// <param name="nEmbd">C: its width.</param>
    /// <param name="settings">How edits are going to be made; null where none are.</param>
    /// <param name="config">
    /// <see cref="StoreIdentity.Config"/>. It is compared where both are known: a store that was bound without it stays so.
    /// </param>
    /// <exception cref="InputException">
    /// The store belongs to another model, width or configuration, or its edits rule out such settings.
    /// </exception>
    public void Bind(ModelFingerprint model, int nEmbd, EditSettings? settings = null, string? config = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(nEmbd);
        var wanted = new StoreIdentity(model, nEmbd, config);
        if (Identity is null && !IsReadOnly)
        {
            InTransaction(_ =>
            {
                if (Identity is null) IdentityRow.Write(connection, wanted); // unless another process was first
                return true;
            });
            Identity ??= wanted;
        }

        if (Identity is not null) StoreChecks.Same(Identity, wanted, Path);
        if (settings is not null && FirstSettings(settings.Method) is { } first) settings.RequireBeside(first, Path);
    }

    /// <summary>Merges the log into the file, so that one file remains, and lets go of it.</summary>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        try
        {
            if (!IsReadOnly) connection.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
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
    internal void LimitPages(int pages) => connection.Execute($"PRAGMA max_page_count = {pages}");

    /// <summary>Writes within one transaction: all that <paramref name="action"/> does, or nothing.</summary>
    private T InTransaction<T>(Func<EditWriter, T> action) => Guarded(() =>
    {
        if (IsReadOnly) throw StoreErrors.ReadOnly(Path);
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        try
        {
            long last = Caught().LastSeq;
            T result;
            using (var rows = new EditWriter(connection, history!))
            {
                result = action(rows);
                if (rows.History.LastSeq > last) rows.End();
            }

            transaction.Commit();
            return result;
        }
        catch
        {
            history = null; // it may have been told what is now rolled back
            throw;
        }
    });

    /// <summary>Reads within one transaction: everything comes from the same instant although others may write.</summary>
    private T InSnapshot<T>(Func<EditHistory, T> read) => Guarded(() =>
    {
        using SqliteTransaction snapshot = connection.BeginTransaction(deferred: true);
        return read(Caught());
    });

    // What other processes have done since the last look is read now, what was read before is not read again.
    private EditHistory Caught()
    {
        Identity ??= IdentityRow.Read(connection, Path);
        return history = EventRows.ReadOn(connection, history, Identity, Path);
    }

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
}
