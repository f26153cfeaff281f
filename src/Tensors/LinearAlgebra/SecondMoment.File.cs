using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Tensors.LinearAlgebra;

/// <summary>
/// The sum as a safetensors file: an F64 tensor <c>c</c> [m,m], not yet divided by n, and as metadata m, n, what the caller
/// says of where the vectors come from, and a SHA-256 over all that.
/// </summary>
public sealed unsafe partial class SecondMoment
{
    private const string TensorName = "c", SizeKey = "m", CountKey = "n", HashKey = "sha256";
    private const string Another =
        "it belongs to another model, layer or text: name another file, or remove this one to make it anew.";
    private const string Damaged = "is it damaged? Remove it to make it anew.";

    /// <summary>
    /// Writes the sum beside <paramref name="path"/> and puts it in place at once: what was there stays until the new file
    /// is whole.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="metadata">Where the vectors come from and how far they got, such as model, layer, corpus, tokens done.</param>
    /// <param name="cancellation">Stops between blocks; the old file stays then.</param>
    /// <exception cref="ArgumentException">
    /// A name of the metadata is one of <c>m</c>, <c>n</c> and <c>sha256</c>, or no valid Unicode.
    /// </exception>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public void Save(string path, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        if (metadata.Keys.FirstOrDefault(key => key is SizeKey or CountKey or HashKey) is { } taken)
            throw new ArgumentException($"The name \"{taken}\" of the metadata is reserved.", nameof(metadata));
        var all = new Dictionary<string, string>(metadata)
        {
            [SizeKey] = Size.ToString(CultureInfo.InvariantCulture),
            [CountKey] = Count.ToString(CultureInfo.InvariantCulture),
        };
        byte[] row = new byte[Size * sizeof(double)];
        using IncrementalHash hash = HashOf(all);
        for (int i = 0; i < Size; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            CopyBytes((long)i * row.Length, row);
            hash.AppendData(row);
        }

        all[HashKey] = Convert.ToHexStringLower(hash.GetHashAndReset());
        SafeTensorsWriter.Write(path, [new SafeTensorsEntry(TensorName, "F64", [Size, Size], CopyBytes)], all, cancellation);
    }

    /// <summary>Reads what <see cref="Save"/> wrote; adding to it goes on as if it had never been written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="size">m that it must have.</param>
    /// <param name="expected">Metadata that it must have; it may have more.</param>
    /// <param name="cancellation">Stops between rows.</param>
    /// <returns>The sum, and all metadata that the caller of <see cref="Save"/> gave.</returns>
    /// <exception cref="InputException">
    /// The file cannot be read, is damaged, holds something else, or differs from what is expected.
    /// </exception>
    /// <exception cref="OutOfMemoryException">The machine has no room for it.</exception>
    public static (SecondMoment Moment, IReadOnlyDictionary<string, string> Metadata) Load(
        string path, int size, IReadOnlyDictionary<string, string> expected, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(expected);
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        var metadata = new Dictionary<string, string>(file.Metadata);
        if (!metadata.Remove(HashKey, out string? sha256) || !metadata.TryGetValue(CountKey, out string? n) || !file.Contains(TensorName))
        {
            throw new InputException(
                $"{path}: expected a second moment, a tensor \"{TensorName}\" with \"{CountKey}\" and \"{HashKey}\" in its metadata.",
                "name another file.");
        }

        Match(path, metadata, SizeKey, size.ToString(CultureInfo.InvariantCulture));
        foreach ((string key, string value) in expected) Match(path, metadata, key, value);
        TensorInfo info = file.Info(TensorName);
        if (info.DType != "F64" || !info.Shape.SequenceEqual([size, size]))
            throw new InputException($"{path}: its tensor is {info}, expected F64 [{size},{size}].", Damaged);

        var moment = new SecondMoment(size);
        using IncrementalHash hash = HashOf(metadata);
        double[] row = new double[size];
        for (int i = 0; i < size; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> bytes = MemoryMarshal.AsBytes(row.AsSpan());
            file.Read(TensorName, (long)i * bytes.Length, bytes);
            hash.AppendData(bytes);
            row.AsSpan(0, i + 1).CopyTo(moment.sum.LowerRow(i));
        }

        string found = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (found != sha256)
            throw new InputException($"{path}: its content has SHA-256 {found}, expected {Quoted.Bare(sha256)} as it says.", Damaged);
        if (!long.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out long count))
            throw new InputException($"{path}: its \"{CountKey}\" is {Quoted.Text(n)}, expected a count.", Damaged);
        moment.Count = count;
        metadata.Remove(SizeKey);
        metadata.Remove(CountKey);
        return (moment, metadata);
    }

    private static void Match(string path, Dictionary<string, string> metadata, string key, string expected)
    {
        if (!metadata.TryGetValue(key, out string? found))
            throw new InputException($"{path}: it does not say its {Quoted.Text(key)}, expected {Quoted.Text(expected)}.", Another);
        if (found != expected)
            throw new InputException($"{path}: its {Quoted.Text(key)} is {Quoted.Text(found)}, expected {Quoted.Text(expected)}.", Another);
    }

    /// <summary>A hash that has taken in the metadata; each text with its length, so that no two sets read the same.</summary>
    private static IncrementalHash HashOf(Dictionary<string, string> metadata)
    {
        IncrementalHash hash = SecureHash.Sha256();
        foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            hash.AppendData(Encoding.UTF8.GetBytes($"{key.Length} {key} {value.Length} {value}\n"));
        return hash;
    }

    /// <summary>Fills a block with elements of the whole symmetric matrix, row-major, from a byte on.</summary>
    private void CopyBytes(long start, Span<byte> block)
    {
        Span<double> to = MemoryMarshal.Cast<byte, double>(block);
        (long row, long column) = Math.DivRem(start / sizeof(double), Size);
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = sum.Values[Math.Max(row, column) * sum.Stride + Math.Min(row, column)];
            if (++column < Size) continue;
            column = 0;
            row++;
        }
    }
}
