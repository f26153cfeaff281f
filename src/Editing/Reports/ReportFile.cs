using System.Text;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Reports;

/// <summary>Writes a file of text whole or not at all.</summary>
public static class ReportFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes beside the file and then takes its name: whoever reads it sees the old content or the new one.</summary>
    /// <param name="path">The file; replaced where it is there.</param>
    /// <param name="write">Writes its content.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Write(string path, Action<TextWriter> write)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(write);
        CheckPlace(path);
        string temporary = $"{Path.GetFullPath(path)}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                using (var text = new StreamWriter(file, Utf8, leaveOpen: true) { NewLine = "\n" }) write(text);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"{path}: cannot be written: {FileErrors.Reason(e)}.", "is there room on the disk, and may you write there?", e);
        }
        finally
        {
            TryDelete(temporary);
        }
    }

    /// <summary>Makes sure, before any work is done, that a file can be there; null for none.</summary>
    /// <exception cref="InputException">It is a folder, or there is no such folder to put it in.</exception>
    public static void CheckPlace(string? path)
    {
        if (path is null) return;
        if (Directory.Exists(path)) throw new InputException($"{path}: cannot be written, expected a file, got a folder.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "";
        if (!Directory.Exists(folder)) throw new InputException($"{path}: cannot be written, there is no such folder.", "make it first.");
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path); // there only where something failed
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Why writing failed is what matters.
        }
    }
}
