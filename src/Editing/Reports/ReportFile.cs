using System.Text;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Reports;

/// <summary>
/// Writes a file whole or not at all. Links are followed; into a device or pipe is written directly. No edit store is ever replaced.
/// </summary>
public static class ReportFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    // What folders are read for are never such files, so that a result beside a model can be written again.
    private static readonly string[] NeverRead = [".csv", ".html", ".svg"];

    /// <summary>Writes a file of text; see <see cref="WriteBytes"/>.</summary>
    /// <param name="path">The file; replaced where it is there.</param>
    /// <param name="write">Writes its content.</param>
    /// <param name="cancellation">Stops; nothing is left behind then.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Write(string path, Action<TextWriter> write, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(write);
        WriteBytes(
            path,
            stream =>
            {
                using var text = new StreamWriter(stream, Utf8, leaveOpen: true) { NewLine = "\n" };
                write(text);
            },
            cancellation);
    }

    /// <summary>Writes beside the file and then takes its name: whoever reads it sees the old content or the new one.</summary>
    /// <param name="path">The file; replaced where it is there.</param>
    /// <param name="write">Writes its content.</param>
    /// <param name="cancellation">Stops; nothing is left behind then.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void WriteBytes(string path, Action<Stream> write, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(write);
        string real = Place(path), temporary = $"{real}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (Stream? there = OutputPlace.Through(real))
            {
                if (there is not null)
                {
                    write(there);
                    there.Flush();
                    return;
                }
            }

            using (var file = new Stoppable(temporary, cancellation))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }

            cancellation.ThrowIfCancellationRequested();
            File.Move(temporary, real, overwrite: true);
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

    /// <summary>Makes sure, before any work is done, that files can be there and that nothing is lost which is still wanted.</summary>
    /// <param name="outputs">The files to be written.</param>
    /// <param name="inputs">The files and folders that are read for it; those that do not exist do not matter.</param>
    /// <exception cref="InputException">
    /// One is a folder, an edit store, one of the inputs or in one of them, or named twice; or its folder does not exist.
    /// </exception>
    public static void CheckPlaces(IReadOnlyList<string> outputs, IReadOnlyList<string> inputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentNullException.ThrowIfNull(inputs);
        if (outputs.Count == 0) return;
        var read = new Dictionary<string, string>(Names);
        foreach (string input in inputs.Where(Path.Exists))
        {
            read[OutputPlace.Real(input)] = input;
            if (!Directory.Exists(input)) continue;
            foreach (string file in Directory.EnumerateFiles(input))
                if (!NeverRead.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)) read[OutputPlace.Real(file)] = file;
        }

        var written = new HashSet<string>(Names);
        foreach (string path in outputs)
        {
            string real = OutputPlace.Real(path);
            if (read.TryGetValue(real, out string? input) && !Directory.Exists(real))
            {
                string same = input == path ? "this command reads it" : $"it is {input}, which this command reads";
                throw new InputException($"{path}: cannot be written, {same}.", "give the result another name.");
            }

            Place(path);
            if (!written.Add(real)) throw new InputException($"{path}: two results would be written to it.", "give each a name.");
        }
    }

    /// <summary>File systems that take capitals for the same letters are usual there.</summary>
    private static StringComparer Names =>
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>Where a file really is written.</summary>
    private static string Place(string path)
    {
        if (path == "-")
        {
            throw new InputException(
                "-: cannot be written, expected the name of a file.", "standard output is /dev/stdout, where there is one.");
        }

        string real = OutputPlace.Real(path);
        if (Directory.Exists(real)) throw new InputException($"{path}: cannot be written, expected a file, got a folder.");
        if (!Directory.Exists(Path.GetDirectoryName(real)))
            throw new InputException($"{path}: cannot be written, there is no such folder.", "make it first.");
        if (OutputPlace.IsDatabase(real))
        {
            throw new InputException(
                $"{path}: cannot be written, there is an edit store or another SQLite database.", "give the result another name.");
        }

        return real;
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

    /// <summary>A new file whose writing can be stopped.</summary>
    private sealed class Stoppable(string path, CancellationToken cancellation) : FileStream(path, FileMode.CreateNew, FileAccess.Write)
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            cancellation.ThrowIfCancellationRequested();
            base.Write(buffer, offset, count);
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            cancellation.ThrowIfCancellationRequested();
            base.Write(buffer);
        }
    }
}
