using System.Buffers.Binary;
using System.Text;

namespace Sharpformer.Tensors.PyTorch;

/// <summary>
/// Where the entries of a zip archive lie, as its central directory and their local headers say (PKWARE's APPNOTE 6.3,
/// zip64 included). Entries must be stored as they are, as <c>torch.save</c> does, so there is nothing to unpack; they
/// are never written anywhere.
/// </summary>
internal static class ZipDirectory
{
    private const uint LocalSignature = 0x04034b50, CentralSignature = 0x02014b50, EndSignature = 0x06054b50;
    private const uint LocatorSignature = 0x07064b50, End64Signature = 0x06064b50;
    private const int LocalLength = 30, CentralLength = 46, EndLength = 22, LocatorLength = 20, End64Length = 56;
    private const int LongestComment = 0xFFFF;
    private const int Encrypted = 1;
    private const string Damaged = "the file is damaged or cut short; download it again.";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads and checks the directory of an archive.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="file">All of it.</param>
    /// <returns>The entries, in place, by name.</returns>
    /// <exception cref="InputException">It is no such archive, or one that nobody honest would make.</exception>
    public static Dictionary<string, ZipEntry> Read(string path, MappedBytes file)
    {
        (long start, long length, long count) = FindDirectory(path, file);
        var entries = new Dictionary<string, ZipEntry>();
        var taken = new List<(long Start, long End, string Name)>();
        long at = start, end = start + length;
        for (long i = 0; i < count; i++)
        {
            Header header = ReadHeader(path, file, at, end);
            at = header.Next;
            CheckName(path, header.Name);
            MappedBytes data = Locate(path, file, header, start, out long dataStart);
            if (!entries.TryAdd(header.Name, new ZipEntry(header.Name, data, header.Crc)))
                throw new InputException($"{path}: the archive's entry {Quoted.Text(header.Name)} is there twice.", Damaged);
            taken.Add((header.Offset, dataStart + header.Length, header.Name));
        }

        taken.Sort();
        for (int i = 1; i < taken.Count; i++)
            if (taken[i].Start < taken[i - 1].End)
                throw new InputException(
                    $"{path}: the archive's entries {Quoted.Text(taken[i - 1].Name)} and {Quoted.Text(taken[i].Name)} share bytes.",
                    Damaged);
        return entries;
    }

    /// <summary>The end record stands last, before a comment of at most 65535 bytes; zip64 puts another before it.</summary>
    private static (long Start, long Length, long Count) FindDirectory(string path, MappedBytes file)
    {
        int window = (int)Math.Min(file.Length, EndLength + LongestComment);
        long windowStart = file.Length - window;
        ReadOnlySpan<byte> tail = file.Span(windowStart, window);
        int at = window - EndLength;
        while (at >= 0 && !(Int(tail, at) == EndSignature && at + EndLength + Short(tail, at + 20) == window)) at--;
        if (at < 0) throw new InputException($"{path}: a zip archive without its directory, expected it at the end.", Damaged);

        (long disk, long count, long length, long start) = (
            Short(tail, at + 4), Short(tail, at + 10), Int(tail, at + 12), Int(tail, at + 16));
        long limit = windowStart + at;
        if (limit >= LocatorLength && Int(file.Span(limit - LocatorLength, 4), 0) == LocatorSignature)
        {
            ulong end64 = Long(file.Span(limit - LocatorLength, LocatorLength), 8);
            if (end64 > (ulong)(limit - LocatorLength) || limit - LocatorLength - (long)end64 < End64Length
                || Int(file.Span((long)end64, 4), 0) != End64Signature)
                throw new InputException($"{path}: the archive's zip64 directory is not at byte {end64}, where its locator says.", Damaged);
            ReadOnlySpan<byte> record = file.Span((long)end64, End64Length);
            (disk, count, length, start) = (Int(record, 16), (long)Long(record, 32), (long)Long(record, 40), (long)Long(record, 48));
            limit = (long)end64;
        }

        if (disk != 0) throw new InputException($"{path}: part {disk} of an archive in several files, expected a whole one.");
        if (start < 0 || length < 0 || start > limit - length || count < 0 || count > length / CentralLength)
            throw new InputException(
                $"{path}: the archive's directory of {count} entries in bytes {start} to {start + length} "
                + $"does not fit into its {limit} bytes.",
                Damaged);
        return (start, length, count);
    }

    /// <summary>What the directory says about an entry.</summary>
    private readonly record struct Header(string Name, int Flags, int Method, uint Crc, long Packed, long Length, long Offset, long Next);

    private static Header ReadHeader(string path, MappedBytes file, long at, long end)
    {
        if (end - at < CentralLength || Int(file.Span(at, 4), 0) != CentralSignature)
            throw new InputException($"{path}: the archive's directory breaks off at byte {at}.", Damaged);
        ReadOnlySpan<byte> fixedPart = file.Span(at, CentralLength);
        (int nameLength, int extraLength, int commentLength) = (Short(fixedPart, 28), Short(fixedPart, 30), Short(fixedPart, 32));
        long next = at + CentralLength + nameLength + extraLength + commentLength;
        if (next > end) throw new InputException($"{path}: the archive's directory breaks off at byte {at}.", Damaged);

        string name = Text(path, file.Span(at + CentralLength, nameLength));
        (long packed, long length, long offset) = (Int(fixedPart, 20), Int(fixedPart, 24), Int(fixedPart, 42));
        ReadOnlySpan<byte> extra = file.Span(at + CentralLength + nameLength, extraLength);
        while (extra.Length >= 4)
        {
            int fieldLength = Short(extra, 2);
            if (fieldLength > extra.Length - 4) break;
            if (Short(extra, 0) == 1) // Holds, in this order, only the numbers that are too large for their place.
            {
                ReadOnlySpan<byte> field = extra.Slice(4, fieldLength);
                length = Widened(path, name, length, ref field);
                packed = Widened(path, name, packed, ref field);
                offset = Widened(path, name, offset, ref field);
                break;
            }

            extra = extra[(4 + fieldLength)..];
        }

        return new Header(name, Short(fixedPart, 8), Short(fixedPart, 10), Int(fixedPart, 16), packed, length, offset, next);
    }

    private static long Widened(string path, string name, long value, ref ReadOnlySpan<byte> field)
    {
        if (value != uint.MaxValue) return value;
        if (field.Length < 8) throw new InputException($"{path}: the archive's entry {Quoted.Text(name)} lacks its zip64 sizes.", Damaged);
        long wide = (long)Long(field, 0);
        field = field[8..];
        return wide;
    }

    /// <summary>The data follow the local header, whose lengths may differ from the directory's; both must give the same name.</summary>
    private static MappedBytes Locate(string path, MappedBytes file, Header entry, long directoryStart, out long start)
    {
        string what = $"{path}: the archive's entry {Quoted.Text(entry.Name)}";
        if ((entry.Flags & Encrypted) != 0) throw new InputException($"{what} is encrypted, expected plain data.");
        if (entry.Method != 0)
            throw new InputException(
                $"{what} is compressed (method {entry.Method}), expected it stored as it is.",
                "torch.save compresses nothing; zip the folder again with 'zip -0'.");
        if (entry.Packed != entry.Length)
            throw new InputException($"{what} is stored in {entry.Packed} bytes, expected its length {entry.Length}.", Damaged);
        if (entry.Offset < 0 || entry.Offset > directoryStart - LocalLength || Int(file.Span(entry.Offset, 4), 0) != LocalSignature)
            throw new InputException($"{what} is not at byte {entry.Offset}, where the directory says.", Damaged);
        ReadOnlySpan<byte> local = file.Span(entry.Offset, LocalLength);
        (int nameLength, int extraLength) = (Short(local, 26), Short(local, 28));
        start = entry.Offset + LocalLength + nameLength + extraLength;
        if (entry.Length < 0 || start > directoryStart - entry.Length)
            throw new InputException(
                $"{what} takes {entry.Length} bytes from byte {start} on, but the archive's data end at {directoryStart}.", Damaged);
        if (Text(path, file.Span(entry.Offset + LocalLength, nameLength)) != entry.Name)
            throw new InputException($"{what} has another name at its data.", Damaged);
        return file.Slice(start, entry.Length);
    }

    // No entry ever becomes a file here; who names one like this wants to hurt some other program.
    private static void CheckName(string path, string name)
    {
        if (name.Length == 0 || name.Contains('\\') || name.Contains('\0') || name[0] == '/' || (name.Length > 1 && name[1] == ':')
            || name.Split('/').Contains(".."))
            throw new InputException(
                $"{path}: the archive's entry {Quoted.Text(name)} leads out of its folder.",
                "do not unpack this file; get the checkpoint from somewhere else.");
    }

    private static string Text(string path, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}: the archive has an entry whose name is not valid UTF-8.", Damaged, e);
        }
    }

    private static int Short(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint Int(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong Long(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
