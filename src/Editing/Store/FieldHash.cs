using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>
/// SHA-256 over fields, the one layout of all checksums of a store. Each field is the number of its bytes (4 bytes, little-endian) and
/// then these: a text as UTF-8, an integer as 8 bytes and a real as the 8 bytes of its bits, both little-endian, a BLOB as it is. What
/// is NULL is the number -1 and nothing more. A sum is 64 lower-case hex digits. Which fields a sum covers, and in which order, says
/// the method that makes it.
/// </summary>
internal sealed class FieldHash : IDisposable
{
    private readonly IncrementalHash hash = SecureHash.Sha256();
    private readonly byte[] pending = new byte[4096]; // many small fields at once: each call into the hash costs more than they do
    private int used;

    /// <summary>Adds a text; null is NULL.</summary>
    public FieldHash Text(string? value)
    {
        if (value is null) return Null();
        const int Most = 3; // bytes of a character, at most
        if (value.Length * Most > pending.Length - sizeof(int)) return Blob(Encoding.UTF8.GetBytes(value));
        if (used + sizeof(int) + (value.Length * Most) > pending.Length) Flush();
        int length = Encoding.UTF8.GetBytes(value, pending.AsSpan(used + sizeof(int)));
        BinaryPrimitives.WriteInt32LittleEndian(pending.AsSpan(used), length);
        used += sizeof(int) + length;
        return this;
    }

    /// <summary>Adds an integer.</summary>
    public FieldHash Integer(long value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Blob(bytes);
    }

    /// <summary>Adds a real; null is NULL.</summary>
    public FieldHash Real(double? value) => value is { } real ? Integer(BitConverter.DoubleToInt64Bits(real)) : Null();

    /// <summary>Adds bytes.</summary>
    public FieldHash Blob(ReadOnlySpan<byte> value)
    {
        Length(value.Length);
        Append(value);
        return this;
    }

    /// <summary>The sum of all fields added since the last one.</summary>
    public string Finish()
    {
        Span<byte> sum = stackalloc byte[SHA256.HashSizeInBytes];
        Finish(sum);
        return Convert.ToHexStringLower(sum);
    }

    /// <summary>Whether the sum of all fields added since the last one is this.</summary>
    public bool FinishesAs(string expected)
    {
        Span<byte> sum = stackalloc byte[SHA256.HashSizeInBytes];
        Finish(sum);
        Span<char> digits = stackalloc char[2 * SHA256.HashSizeInBytes];
        Convert.TryToHexStringLower(sum, digits, out _);
        return digits.SequenceEqual(expected);
    }

    public void Dispose() => hash.Dispose();

    private void Finish(Span<byte> sum)
    {
        Flush();
        hash.GetHashAndReset(sum);
    }

    private FieldHash Null()
    {
        Length(-1);
        return this;
    }

    private void Length(int length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        Append(bytes);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (used + bytes.Length > pending.Length) Flush();
        if (bytes.Length > pending.Length)
        {
            hash.AppendData(bytes);
            return;
        }

        bytes.CopyTo(pending.AsSpan(used));
        used += bytes.Length;
    }

    private void Flush()
    {
        hash.AppendData(pending, 0, used);
        used = 0;
    }
}
