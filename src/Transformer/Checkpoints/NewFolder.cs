using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>Folders that are made complete or not at all.</summary>
internal static class NewFolder
{
    /// <summary>Fills a folder under another name, which in the end takes the wanted one. If that fails, nothing is left.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="fill">Told the folder to write into.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Write(string folder, Action<string> fill)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)), temporary = $"{full}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(temporary);
            fill(temporary);
            Directory.Move(temporary, full);
        }
        catch (Exception e)
            when ((e is InputException ? e.InnerException : e) is { } cause and (IOException or UnauthorizedAccessException))
        {
            throw new InputException(
                $"{folder}: cannot be written ({cause.Message.Replace(temporary, full, StringComparison.Ordinal)})",
                "is there room on the disk, and may you write in that folder?",
                e);
        }
        finally
        {
            TryDelete(temporary);
        }
    }

    /// <summary>Makes sure that there is nothing of that name, before any work is done.</summary>
    /// <exception cref="InputException">There is.</exception>
    public static void CheckIsNew(string folder)
    {
        if (Path.Exists(folder))
            throw new InputException($"{folder}: is already there, expected the name of a new folder.", "remove it or name another.");
    }

    private static void TryDelete(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The reason why writing failed is what matters to the user.
        }
    }
}
