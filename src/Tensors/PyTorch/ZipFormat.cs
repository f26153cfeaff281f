namespace Sharpformer.Tensors.PyTorch;

/// <summary>
/// What <c>torch.save</c> writes since PyTorch 1.6: a zip archive of one folder with <c>data.pkl</c>, the storages as
/// <c>data/0</c>, <c>data/1</c>, … and, since 2.1, <c>byteorder</c>.
/// </summary>
internal static class ZipFormat
{
    /// <summary>Whether the file begins as one.</summary>
    public static bool Matches(ReadOnlySpan<byte> start) => start.StartsWith("PK\u0003\u0004"u8);

    /// <summary>
    /// Reads what the pickle holds, and where the storages lie. The pickle is held to its checksum; storages are not, for in a large
    /// archive that would read the whole file before the first tensor is asked for.
    /// </summary>
    /// <exception cref="InputException">It is damaged, from a big-endian machine, or holds anything but tensors.</exception>
    public static (object? Root, Dictionary<string, ZipEntry> Storages) Read(string path, MappedBytes file)
    {
        Dictionary<string, ZipEntry> entries = ZipDirectory.Read(path, file);
        string[] pickles = [.. entries.Keys.Where(name => name.Split('/') is [_, "data.pkl"])];
        if (pickles.Length != 1)
            throw new InputException(
                $"{path}: a zip archive with {pickles.Length} entries FOLDER/data.pkl, expected one.",
                "is it a checkpoint that torch.save wrote?");
        string folder = pickles[0][..^"data.pkl".Length];
        if (entries.TryGetValue(folder + "byteorder", out ZipEntry? order)
            && !order.Data.Span(0, (int)Math.Min(order.Data.Length, 16)).SequenceEqual("little"u8))
            throw new InputException(
                $"{path}: its byteorder is not little, expected little-endian numbers.", "save it again on a little-endian machine.");

        MappedBytes pickle = entries[pickles[0]].Data;
        if (pickle.Length > PickleReader.MaxLength)
            throw new InputException($"{path}: its pickle has {pickle.Length} bytes, expected at most {PickleReader.MaxLength}.");
        entries[pickles[0]].Check(path);
        object? root = PickleReader.Read(path, pickle.Span(0, (int)pickle.Length), new PickleGlobals(path), out _);
        GC.KeepAlive(file);
        string data = folder + "data/";
        return (
            root,
            entries.Where(entry => entry.Key.StartsWith(data, StringComparison.Ordinal))
                .ToDictionary(entry => entry.Key[data.Length..], entry => entry.Value));
    }
}
