using System.Buffers.Binary;
using System.Numerics;

namespace Sharpformer.Tensors.PyTorch;

/// <summary>
/// What <c>torch.save</c> wrote before PyTorch 1.6: five pickles (a magic number, the version 1001, the machine, the object,
/// the keys of the storages), then for each key the number of elements, 8 bytes, and the elements.
/// </summary>
internal static class LegacyFormat
{
    private const long Version = 1001;
    private const string Damaged = "the file is damaged or cut short, or no checkpoint that torch.save wrote; download it again.";

    private static readonly BigInteger Magic = // 0x1950a86a20f9469cfc6c
        BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Whether the file begins with a pickle.</summary>
    public static bool Matches(ReadOnlySpan<byte> start) => start.Length > 1 && start[0] == 0x80 && start[1] is >= 2 and <= 5;

    /// <summary>Reads what the pickles hold, and where the storages lie.</summary>
    /// <exception cref="InputException">It is damaged, from a big-endian machine, or holds anything but tensors.</exception>
    public static (object? Root, Dictionary<string, MappedBytes> Storages) Read(string path, MappedBytes file)
    {
        long at = 0;
        var globals = new PickleGlobals(path);
        if (Next() is not BigInteger magic || magic != Magic)
            throw new InputException($"{path}: a pickle without PyTorch's magic number, expected a checkpoint.", Damaged);
        if (Next() is not Version) throw new InputException($"{path}: another version of PyTorch's old format than {Version}.", Damaged);
        if (Next() is not PickleDict machine) throw new InputException($"{path}: does not say what machine it is from.", Damaged);
        if (machine.Items.Any(item => item is ("little_endian", false)))
            throw new InputException(
                $"{path}: from a big-endian machine, expected little-endian numbers.", "save it again on a little-endian machine.");
        object? root = Next();
        if (Next() is not List<object?> keys) throw new InputException($"{path}: the list of its storages is missing.", Damaged);

        var storages = new Dictionary<string, MappedBytes>();
        foreach (object? entry in keys)
        {
            if (entry is not string key || !globals.Storages.TryGetValue(key, out StorageReference? storage))
                throw new InputException($"{path}: lists a storage that nothing in it refers to.", Damaged);
            string what = $"{path}: its storage {Quoted.Text(key)}";
            if (file.Length - at < sizeof(long)) throw new InputException($"{what} is missing.", Damaged);
            long count = BinaryPrimitives.ReadInt64LittleEndian(file.Span(at, sizeof(long)));
            at += sizeof(long);
            long length = storage.ByteLength!.Value; // checked when it was named
            if (count != storage.Count) throw new InputException($"{what} has {count} elements, expected {storage.Count}.", Damaged);
            if (length > file.Length - at)
                throw new InputException($"{what} takes {length} bytes from byte {at} on, but the file ends at {file.Length}.", Damaged);
            if (!storages.TryAdd(key, file.Slice(at, length))) throw new InputException($"{what} is there twice.", Damaged);
            at += length;
        }

        GC.KeepAlive(file);
        return (root, storages);

        object? Next()
        {
            object? value = PickleReader.Read(
                path, file.Span(at, (int)Math.Min(PickleReader.MaxLength, file.Length - at)), globals, out int length);
            at += length;
            return value;
        }
    }
}
