using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Editing;

/// <summary>
/// The weight files of a loaded model. They are mapped: what another program writes into them is computed with from then on. A file that
/// only takes another's name does no harm, what was mapped stays as it was.
/// </summary>
internal sealed class LoadedFiles
{
    private readonly string folder;
    private readonly FileStamp[] stamps;

    /// <summary>Looks at them.</summary>
    /// <param name="folder">The model folder, just loaded.</param>
    public LoadedFiles(string folder)
    {
        this.folder = folder;
        stamps = [.. ModelFolder.WeightFiles(folder).Select(StampOf).OfType<FileStamp>()];
    }

    /// <summary>Makes sure that the folder has the very files that were loaded, so that what was read there is the model's.</summary>
    /// <exception cref="InputException">It has not.</exception>
    public void RequireThere() => Require(
        stamp => StampOf(stamp.Path) is { } now && !IsOther(now, stamp) && !IsWritten(now, stamp),
        "so which model its edits belong to cannot be said");

    /// <summary>Makes sure that none was written to since, before anything is stored that was computed with them.</summary>
    /// <exception cref="InputException">One was.</exception>
    public void RequireUnwritten() => Require(
        stamp => StampOf(stamp.Path) is not { } now || IsOther(now, stamp) || !IsWritten(now, stamp),
        "so what was taught meanwhile is not stored");

    private void Require(Predicate<FileStamp> holds, string consequence)
    {
        foreach (FileStamp stamp in stamps)
        {
            if (holds(stamp)) continue;
            throw new InputException(
                $"Model folder '{folder}': another program changed '{Path.GetFileName(stamp.Path)}' while the model was in use, "
                    + $"{consequence}.",
                "leave the weights of a model in use alone, and run it again.");
        }
    }

    private static bool IsOther(FileStamp now, FileStamp then) => now.Inode != then.Inode;

    private static bool IsWritten(FileStamp now, FileStamp then) => (now.Length, now.Modified) != (then.Length, then.Modified);

    private static FileStamp? StampOf(string file)
    {
        try
        {
            return FileStamp.Of(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
