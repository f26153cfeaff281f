using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sharpformer.Tensors.SafeTensors;

/// <summary>Writes safetensors files: all or nothing, and the same bytes for the same tensors in any order.</summary>
public static class SafeTensorsWriter
{
    private const int Alignment = 8;

    // Throws an ArgumentException for half a surrogate pair, which the JSON writer would quietly replace.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Writes a file beside <paramref name="path"/>, forces it to the disk and puts it in place of what was there.
    /// Whatever goes wrong, the old file stays as it was and nothing else is left behind.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">What it shall hold; names are unique.</param>
    /// <param name="metadata">Free texts for its <c>__metadata__</c>.</param>
    /// <param name="cancellation">Stops between blocks; nothing is left behind then either.</param>
    /// <exception cref="ArgumentException">A name is taken twice, reserved or no valid Unicode.</exception>
    /// <exception cref="InputException">The file cannot be written: no room, no permission, no such folder.</exception>
    public static void Write(
        string path, IReadOnlyList<SafeTensorsEntry> tensors, IReadOnlyDictionary<string, string>? metadata = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(tensors);
        SafeTensorsEntry[] sorted = Sorted(tensors);
        ReadOnlyMemory<byte> header = CreateHeader(sorted, metadata ?? new Dictionary<string, string>());

        if (path.Length == 0 || path.Contains('\0')) throw new InputException($"{Quoted.Text(path)} is no path of a file.");
        string full = Path.GetFullPath(path);
        string temporary = Path.Combine(Path.GetDirectoryName(full) ?? full, $".{Guid.NewGuid():N}.tmp");
        bool done = false;
        try
        {
            using (FileStream stream = Create(temporary, header.Length + sorted.Sum(t => t.Info.Length)))
            {
                stream.Write(header.Span);
                foreach (SafeTensorsEntry tensor in sorted) tensor.WriteTo(stream, cancellation);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
            done = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"{path}: cannot be written: {FileErrors.Reason(e)}.", "is there room on the disk, and may you write in that folder?", e);
        }
        finally
        {
            if (!done) TryDelete(temporary);
        }
    }

    /// <summary>A new file with room for so many bytes: a full disk is noticed at once.</summary>
    private static FileStream Create(string path, long bytes)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = 1 << 16,
                PreallocationSize = bytes,
            });
        }
        catch (IOException e) when (FileErrors.HasNoNumber(e))
        {
            // Either there is no room, or the kind of disk takes no such file: FAT ends at 4 GiB.
            throw new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace < bytes
                ? FileErrors.Numbered(e, unix: 28, windows: 112)
                : FileErrors.Numbered(e, unix: 27, windows: 223);
        }
    }

    /// <summary>Writes what a file would hold.</summary>
    /// <inheritdoc cref="Write(string, IReadOnlyList{SafeTensorsEntry}, IReadOnlyDictionary{string, string}?, CancellationToken)"/>
    public static void Write(
        Stream stream, IReadOnlyList<SafeTensorsEntry> tensors, IReadOnlyDictionary<string, string>? metadata = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        SafeTensorsEntry[] sorted = Sorted(tensors);
        stream.Write(CreateHeader(sorted, metadata ?? new Dictionary<string, string>()).Span);
        foreach (SafeTensorsEntry tensor in sorted) tensor.WriteTo(stream, cancellation);
    }

    /// <summary>Widest elements first: every tensor then begins at a multiple of its element size.</summary>
    private static SafeTensorsEntry[] Sorted(IReadOnlyList<SafeTensorsEntry> tensors) =>
        [.. tensors.OrderByDescending(t => t.ElementSize).ThenBy(t => t.Info.Name, StringComparer.Ordinal)];

    private static ReadOnlyMemory<byte> CreateHeader(SafeTensorsEntry[] tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write(stackalloc byte[8]); // The length comes here in the end.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata.Count > 0) WriteMetadata(json, metadata);
            WriteTensors(json, tensors);
            json.WriteEndObject();
        }

        while (buffer.WrittenCount % Alignment != 0) buffer.Write(" "u8);
        byte[] header = buffer.WrittenSpan.ToArray();
        long length = header.Length - sizeof(long);
        if (length > SafeTensorsHeader.MaxLength)
            throw new ArgumentException(
                $"The header would take {length} bytes, expected at most {SafeTensorsHeader.MaxLength}.", nameof(metadata));
        BinaryPrimitives.WriteInt64LittleEndian(header, length);
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject(SafeTensorsHeader.MetadataName);
        foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.WriteString(StrictUtf8.GetBytes(key), StrictUtf8.GetBytes(value));
        json.WriteEndObject();
    }

    private static void WriteTensors(Utf8JsonWriter json, SafeTensorsEntry[] tensors)
    {
        var names = new HashSet<string> { SafeTensorsHeader.MetadataName };
        long start = 0;
        foreach (TensorInfo tensor in tensors.Select(t => t.Info))
        {
            if (!names.Add(tensor.Name))
                throw new ArgumentException($"The name {Quoted.Text(tensor.Name)} is taken twice or reserved.", nameof(tensors));
            json.WriteStartObject(StrictUtf8.GetBytes(tensor.Name));
            json.WriteString("dtype", tensor.DType);
            WriteNumbers(json, "shape", tensor.Shape);
            WriteNumbers(json, "data_offsets", [start, start + tensor.Length]);
            json.WriteEndObject();
            start += tensor.Length;
        }
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The reason why writing failed is what matters to the user.
        }
    }
}
