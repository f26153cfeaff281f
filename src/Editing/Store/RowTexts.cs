using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Sharpformer.Editing.Store;

/// <summary>
/// Texts that thousands of rows have in common, as strings: the same bytes give the very same string. Method, settings and author of
/// edits and the names of their parts would otherwise be most of what reading a store leaves behind.
/// </summary>
internal sealed class RowTexts
{
    private const int Slots = 256;
    private readonly (byte[] Utf8, string Text)[] slots = new (byte[], string)[Slots];

    /// <summary>A text column that is not NULL.</summary>
    /// <exception cref="InvalidOperationException">It is NULL, as in a damaged row.</exception>
    public string Of(SqliteDataReader row, int column)
    {
        utf8z text = raw.sqlite3_column_text(row.Handle, column);
        int count = raw.sqlite3_column_bytes(row.Handle, column);
        if (count == 0) return row.GetString(column); // which says so where it is NULL
        ReadOnlySpan<byte> utf8 = MemoryMarshal.CreateReadOnlySpan(in text.GetPinnableReference(), count);
        ref (byte[] Utf8, string Text) slot = ref slots[((count * 31) + (utf8[count / 2] * 7) + utf8[^1]) % Slots];
        if (slot.Utf8 is null || !utf8.SequenceEqual(slot.Utf8)) slot = (utf8.ToArray(), Encoding.UTF8.GetString(utf8));
        return slot.Text;
    }

    /// <summary>A text column; null where it is NULL.</summary>
    public string? OrNull(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : Of(row, column);
}
