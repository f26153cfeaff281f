using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>Folders that are made complete or not at all.</summary>
internal static class NewFolder
{
    private const string Unfinished = ".tmp", Lock = ".lock";

    /// <summary>
    /// Fills a folder under another name, which in the end takes the wanted one. If that fails, nothing is left; and what a process left
    /// that was killed is removed by the next that writes a folder of that name.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="fill">Told the folder to write into.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Write(string folder, Action<string> fill)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)), temporary = $"{full}.{Guid.NewGuid():N}{Unfinished}";
        FileStream? held = null;
        try
        {
            TidyUp(full);
            Directory.CreateDirectory(temporary);
            // Held until the end, and let go of by the system if this process is killed: so others know that the folder is being filled.
            held = new FileStream(temporary + Lock, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            fill(temporary);
            Directory.Move(temporary, full);
        }
        catch (Exception e)
            when ((e is InputException ? e.InnerException : e) is { } cause and (IOException or UnauthorizedAccessException))
        {
            throw new InputException(
                $"{folder}: cannot be written: {FileErrors.Reason(cause)}.",
                "is there room on the disk, and may you write in that folder?",
                e);
        }
        finally
        {
            TryDelete(temporary);
            held?.Dispose();
        }
    }

    /// <summary>Makes sure that there is nothing of that name, before any work is done.</summary>
    /// <exception cref="InputException">There is, or a file where the folder above should be.</exception>
    public static void CheckIsNew(string folder)
    {
        if (Path.Exists(folder))
            throw new InputException($"{folder}: is already there, expected the name of a new folder.", "remove it or name another.");
        string? above = Path.GetDirectoryName(Path.GetFullPath(folder));
        while (above is not null && !Path.Exists(above)) above = Path.GetDirectoryName(above);
        if (above is not null && File.Exists(above))
            throw new InputException($"{folder}: {above} is a file, expected a folder to make it in.", "remove it or name another.");
    }

    /// <summary>Removes what processes left that were killed while they filled a folder of this name.</summary>
    private static void TidyUp(string full)
    {
        string? parent = Path.GetDirectoryName(full);
        if (parent is null || !Directory.Exists(parent)) return;
        string before = full + ".", behind = Unfinished + Lock;
        foreach (string path in Directory.EnumerateFiles(parent, "*" + behind))
        {
            if (!path.StartsWith(before, StringComparison.Ordinal) || path.Length < before.Length + behind.Length
                || !Guid.TryParseExact(path[before.Length..^behind.Length], "N", out _)) continue;
            try
            {
                using (new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
                    TryDelete(path[..^Lock.Length]);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A process that still runs holds it, or the rubbish is not ours to remove.
            }
        }
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
