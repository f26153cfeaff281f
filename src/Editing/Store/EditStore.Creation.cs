using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <content>
/// A store that does not exist is made by the first change that stores something: whole, under another name, which it then exchanges for
/// its own. So whatever fails before leaves nothing behind, and nobody ever sees half of it. Of two processes that do so at once the
/// second finds the first one's store and goes on with that.
/// </content>
public sealed partial class EditStore
{
    private bool isPending; // nothing of it is there: the connection is to an empty store in memory

    private static void RequireFolder(string file, string path)
    {
        string folder = System.IO.Path.GetDirectoryName(file)!;
        if (!Directory.Exists(folder))
            throw new InputException($"Edit store '{path}' cannot be created: there is no folder '{folder}'.", "make the folder first.");
        try // now, and not when the first edits are taught
        {
            new FileStream(Draft(file), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NotMade(path, error);
        }
    }

    private T InFirst<T>(Func<EditWriter, T> action)
    {
        if (File.Exists(file) || !TryMake(action, out T? result))
        {
            Use(StoreConnection.OpenForWriting(file, Path, create: true));
            isPending = false;
            result = Transact(action);
            StoreConnection.MergeLog(connection);
        }

        RequireThere();
        return result!;
    }

    // False where another process was first.
    private bool TryMake<T>(Func<EditWriter, T> action, out T? result)
    {
        string draft = Draft(file);
        StoreDatabase memory = connection;
        try
        {
            long before = added;
            connection = StoreConnection.OpenForWriting(draft, Path, create: true);
            result = Transact(action);
            connection.Dispose(); // merges the log
            connection = memory;
            if (added == before) return true; // nothing to be kept
            if (!TryMove(draft))
            {
                added = before;
                return false;
            }

            Use(StoreConnection.OpenForWriting(file, Path, create: false));
            isPending = false;
            connection.Execute($"PRAGMA user_version = {EditStoreSchema.Version}"); // a first commit has SQLite sync the folder as well
            StoreConnection.MergeLog(connection);
            return true;
        }
        finally
        {
            if (connection == memory || isPending)
            {
                if (connection != memory) connection.Dispose();
                connection = memory;
                history = null;
            }

            foreach (string left in (string[])[draft, draft + "-wal", draft + "-shm", draft + "-journal"]) File.Delete(left);
        }
    }

    private bool TryMove(string draft)
    {
        try
        {
            return StoreFile.TryRename(draft, file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NotMade(Path, error);
        }
    }

    private void Use(StoreDatabase opened)
    {
        connection.Dispose();
        connection = opened;
    }

    internal static string Draft(string file) => $"{file}.{Guid.NewGuid():N}.new";

    internal static InputException NotMade(string path, Exception error) => new(
        $"Edit store '{path}' cannot be created: {FileErrors.Reason(error)}.", "choose a folder that may be written and has room.", error);
}
