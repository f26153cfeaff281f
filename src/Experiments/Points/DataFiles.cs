using System.Security.Cryptography;
using System.Text;
using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;

namespace Sharpformer.Experiments.Points;

/// <summary>The files of a folder of data, each read once: the sets of an experiment name the same ones.</summary>
/// <param name="folder">The folder.</param>
internal sealed class DataFiles(string folder)
{
    private readonly Dictionary<string, IReadOnlyList<EditRecord>> records = [];
    private readonly Dictionary<string, byte[]> hashes = [];

    /// <summary>The folder, for messages.</summary>
    public string Folder => folder;

    /// <summary>The records of a file.</summary>
    /// <exception cref="InputException">It cannot be read, or holds something else.</exception>
    public IReadOnlyList<EditRecord> Records(string file) => records.TryGetValue(file, out IReadOnlyList<EditRecord>? known)
        ? known : records[file] = EditRecord.Load(Path.Combine(folder, file));

    /// <summary>The lines of a file that are not empty.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public string[] Lines(string file) =>
        Encoding.UTF8.GetString(Bytes(file)).ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>SHA-256 of a file's bytes.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public byte[] Hash(string file) =>
        hashes.TryGetValue(file, out byte[]? known) ? known : hashes[file] = SHA256.HashData(Bytes(file));

    private byte[] Bytes(string file)
    {
        string path = Path.Combine(folder, file);
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {FileErrors.Reason(e)}.", null, e);
        }
    }
}
