using System.Globalization;
using System.Text;
using Sharpformer.Editing.Reports;
using Sharpformer.Tensors;

namespace Sharpformer.Editing;

/// <summary>
/// Remembers the checksum of weights that take long to read, in a small text file for each model. It is believed while every file has
/// the path, length, times and inode that it had, and a sample of its bytes is the same: a change in place that restores the time of
/// writing and spares the sample goes unnoticed where the system tells no time of change (Windows, macOS), see docs/models.md. Nothing
/// depends on it: where a file of it is damaged, missing or cannot be written, the weights are read again.
/// </summary>
/// <param name="folder">Where the files lie; null remembers nothing.</param>
/// <param name="least">Bytes of weights below which reading them all is as quick.</param>
/// <param name="stampOf">By what files are known again; null is <see cref="FileStamp.Of"/>.</param>
internal sealed class FingerprintMemory(string? folder, long least = 64 << 20, Func<string, FileStamp>? stampOf = null)
{
    private const int BlockBytes = 4096, Blocks = 512, MostEntries = 64, MostEntryBytes = 1 << 20;
    private const string Extension = ".fingerprint";

    // Times of files are as coarse as 2 s, and a server's clock may go a little after ours: what was written so shortly before it was
    // read may be written again without its time telling.
    private static readonly TimeSpan TooNear = TimeSpan.FromSeconds(5);

    private readonly Func<string, FileStamp> stampOf = stampOf ?? FileStamp.Of;

    /// <summary>This user's, see <see cref="CacheFolder"/>.</summary>
    public static FingerprintMemory OfUser() => new(CacheFolder.Path is { } cache ? Path.Combine(cache, "fingerprints") : null);

    /// <summary>The checksum that was remembered of weights; null where there is none to be believed.</summary>
    /// <param name="kind">What is summed, beside the files' bytes.</param>
    /// <param name="files">The files, in order.</param>
    public string? Find(string kind, IReadOnlyList<string> files)
    {
        if (folder is null || Stamps(files) is not { } stamps) return null;
        try
        {
            string place = PlaceOf(kind, stamps), beginning = Beginning(kind, stamps);
            if (!IsEntry(place)) return null;
            string text = File.ReadAllText(place);
            if (!text.StartsWith(beginning, StringComparison.Ordinal)) return null;
            string[] lines = text[beginning.Length..].Split('\n');
            return lines is [var weights, var sample, var sum, ""] && sum == SumOf($"{beginning}{weights}\n{sample}\n")
                && sample == SampleOf(stamps) ? weights : null;
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            return null;
        }
    }

    /// <summary>What <paramref name="sum"/> gives; it is remembered if it can be.</summary>
    /// <inheritdoc cref="Find"/>
    public string Remembered(string kind, IReadOnlyList<string> files, Func<string> sum)
    {
        DateTime start = DateTime.UtcNow;
        FileStamp[]? before = folder is null ? null : Stamps(files);
        string weights = sum();
        if (before is null || before.Max(stamp => stamp.Modified) > start - TooNear) return weights;
        try
        {
            string beginning = Beginning(kind, before), entry = $"{beginning}{weights}\n{SampleOf(before)}\n";
            if (Stamps(files) is not { } after || !after.SequenceEqual(before)) return weights; // it was written meanwhile
            Write(PlaceOf(kind, before), $"{entry}{SumOf(entry)}\n");
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            // It is read again next time.
        }

        return weights;
    }

    /// <summary>The checksum of blocks spread evenly over the files, the first and the last of each among them.</summary>
    internal static string SampleOf(IReadOnlyList<FileStamp> files)
    {
        long all = files.Sum(file => file.Length);
        using var hash = SecureHash.Sha256();
        var block = new byte[BlockBytes];
        foreach (FileStamp file in files)
        {
            using var handle = File.OpenHandle(file.Path, options: FileOptions.RandomAccess);
            long last = Math.Max(0, file.Length - BlockBytes);
            int blocks = 2 + (int)(Blocks * (file.Length / (double)all));
            for (int i = 0; i < blocks; i++)
            {
                int read = RandomAccess.Read(handle, block, (long)(last * (i / (blocks - 1.0))));
                hash.AppendData(block, 0, read);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static bool IsOfFiles(Exception e) =>
        e is IOException or UnauthorizedAccessException or NotSupportedException or InputException;

    private FileStamp[]? Stamps(IReadOnlyList<string> files)
    {
        try
        {
            FileStamp[] stamps = [.. files.Select(stampOf)];
            return stamps.Sum(stamp => stamp.Length) >= least ? stamps : null;
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            return null; // whoever reads it all says what is wrong
        }
    }

    private string PlaceOf(string kind, FileStamp[] stamps) =>
        Path.Combine(folder!, SumOf(string.Join('\n', [kind, .. stamps.Select(stamp => stamp.Path)])) + Extension);

    private static string Beginning(string kind, FileStamp[] stamps)
    {
        var text = new StringBuilder($"fingerprint 1, of {kind}\n");
        foreach (FileStamp file in stamps)
            text.Append(CultureInfo.InvariantCulture, $"{file.Length} {file.Modified.Ticks} {file.Inode} {file.Changed} {file.Path}\n");
        return text.ToString();
    }

    private static string SumOf(string text) => SecureHash.Sha256Of(stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    // Neither a link, which may lead to what has no end, nor a pipe, which is without length and would be waited for.
    private static bool IsEntry(string place) =>
        new FileInfo(place) is { Exists: true, LinkTarget: null, Length: > 0 and <= MostEntryBytes };

    private void Write(string place, string text)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder!);
        else Directory.CreateDirectory(folder!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (FileInfo old in new DirectoryInfo(folder!).GetFiles('*' + Extension + '*').OrderByDescending(file => file.LastWriteTimeUtc)
            .Skip(MostEntries - 1)) old.Delete();
        if (!IsEntry(place)) File.Delete(place); // nothing is written through a link
        ReportFile.Write(place, writer => writer.Write(text));
    }
}
