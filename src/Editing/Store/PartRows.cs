using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;
using SQLitePCL;

namespace Sharpformer.Editing.Store;

/// <summary>Rows to parts: a shape is JSON, the numbers are little-endian F32 with their exact bits.</summary>
internal static class PartRows
{
    /// <summary>The parts of one edit, or of all where <paramref name="id"/> is null, in the order of their names.</summary>
    /// <exception cref="InputException">A field does not hold what the store writes there.</exception>
    public static Dictionary<long, StoredParts> Read(SqliteConnection connection, long? id, string path)
    {
        Dictionary<long, StoredParts> parts = [];
        string which = id is null ? "" : "WHERE edit_id = $id";
        using SqliteCommand command = connection.Command(
            $"SELECT edit_id, name, shape, data FROM parts {which} ORDER BY edit_id, name", ("$id", id));
        using SqliteDataReader reader = command.ExecuteReader();
        using var hash = new FieldHash();
        var texts = new RowTexts();
        List<EditPart> of = [];
        Dictionary<string, int[]> shapes = []; // thousands of parts share a few
        long edit = 0;
        Func<EditPart> parse = () => Parse(reader, hash, texts, shapes);
        while (reader.Read())
        {
            long next = raw.sqlite3_column_int64(reader.Handle, 0); // 0 for the NULL of a damaged row
            if (of.Count > 0 && next != edit)
            {
                Keep();
                of = new List<EditPart>(of.Count);
            }

            edit = next;
            of.Add(EditRow.Parsed(edit, path, "edit", parse));
        }

        if (of.Count > 0) Keep();
        return parts;

        void Keep()
        {
            if (!parts.TryAdd(edit, new StoredParts(of, hash.Finish())))
                throw new InputException($"Edit store '{path}' is damaged: the parts of edit {edit} are there twice.", EditRow.Tampered);
        }
    }

    /// <summary>Adds a part to a checksum: name, shape and bytes. The sum over all of an edit's is that of its parts.</summary>
    public static void Add(FieldHash hash, string name, string shape, ReadOnlySpan<byte> data) => hash.Text(name).Text(shape).Blob(data);

    /// <summary>The checksum where there are no parts.</summary>
    public static string SumOfNone { get; } = new FieldHash().Finish();

    /// <summary>A shape as stored.</summary>
    public static string Shape(IReadOnlyList<int> shape) => $"[{string.Join(',', shape)}]";

    /// <summary>How many numbers a shape has; -1 where a dimension is negative or there are too many.</summary>
    public static long Count(IReadOnlyList<int> shape)
    {
        long count = 1;
        foreach (int size in shape)
        {
            if (size < 0) return -1;
            count *= size;
            if (count > int.MaxValue) return -1;
        }

        return count;
    }

    /// <summary>Numbers from a BLOB.</summary>
    public static float[] Floats(ReadOnlySpan<byte> bytes)
    {
        if (BitConverter.IsLittleEndian) return MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        var values = new float[bytes.Length / sizeof(float)];
        for (int i = 0; i < values.Length; i++) values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * sizeof(float))..]);
        return values;
    }

    /// <summary>Numbers as they lie in a BLOB.</summary>
    public static byte[] Bytes(float[] values)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        return bytes;
    }

    private static EditPart Parse(SqliteDataReader r, FieldHash hash, RowTexts texts, Dictionary<string, int[]> shapes)
    {
        string name = texts.Of(r, 1), text = texts.Of(r, 2);
        ReadOnlySpan<byte> bytes = raw.sqlite3_column_blob(r.Handle, 3); // where SQLite has it: no copy but the numbers
        if (bytes.IsEmpty && r.IsDBNull(3)) throw new FormatException($"part {Quoted.Text(name)} has no numbers"); // damaged
        Add(hash, name, text, bytes);
        if (!shapes.TryGetValue(text, out int[]? shape))
            shapes[text] = shape = JsonSerializer.Deserialize(text, EditingJson.Default.Int32Array) ?? [];
        return bytes.Length == Count(shape) * sizeof(float)
            ? new EditPart(name, shape, Floats(bytes))
            : throw new FormatException($"part {Quoted.Text(name)} has {bytes.Length} bytes, which is not its shape {Quoted.Bare(text)}");
    }
}

/// <summary>All parts of an edit, and their checksum.</summary>
internal sealed record StoredParts(IReadOnlyList<EditPart> Parts, string Sum)
{
    /// <summary>Where there are none.</summary>
    public static StoredParts None { get; } = new([], PartRows.SumOfNone);
}
