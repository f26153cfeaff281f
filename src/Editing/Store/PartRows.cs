using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>Rows to parts: a shape is JSON, the numbers are little-endian F32 with their exact bits.</summary>
internal static class PartRows
{
    /// <summary>The parts of one edit, or of all where <paramref name="id"/> is null, in the order of their names.</summary>
    /// <exception cref="InputException">A field does not hold what the store writes there.</exception>
    public static ILookup<long, EditPart> Read(SqliteConnection connection, long? id, string path)
    {
        List<(long Id, EditPart Part)> parts = [];
        string which = id is null ? "" : "WHERE edit_id = $id";
        using SqliteCommand command = connection.Command(
            $"SELECT edit_id, name, shape, data FROM parts {which} ORDER BY edit_id, name", ("$id", id));
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read()) parts.Add((reader.GetInt64(0), EditRows.Parsed(reader, path, Parse)));
        return parts.ToLookup(part => part.Id, part => part.Part);
    }

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

    /// <summary>Numbers as they lie in a BLOB.</summary>
    public static float[] Floats(byte[] bytes)
    {
        var values = new float[bytes.Length / sizeof(float)];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
        return values;
    }

    private static EditPart Parse(SqliteDataReader r)
    {
        string name = r.GetString(1), text = r.GetString(2);
        byte[] bytes = r.GetFieldValue<byte[]>(3);
        int[] shape = JsonSerializer.Deserialize<int[]>(text) ?? [];
        return bytes.Length == Count(shape) * sizeof(float)
            ? new EditPart(name, shape, Floats(bytes))
            : throw new FormatException($"part {Quoted.Text(name)} has {bytes.Length} bytes, which is not its shape {Quoted.Bare(text)}");
    }
}
