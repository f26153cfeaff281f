namespace Sharpformer.Tensors;

/// <summary>
/// A range of memory that stays valid, and unchanged, as long as <see cref="Owner"/> is reachable: part of a
/// memory-mapped file, or of a pinned array.
/// </summary>
public sealed unsafe class MappedBytes
{
    private const int ComparedLength = 1 << 24;
    private readonly byte* pointer;

    internal MappedBytes(byte* pointer, long length, object owner)
    {
        this.pointer = pointer;
        Length = length;
        Owner = owner;
    }

    /// <summary>Copies <paramref name="bytes"/> into pinned managed memory.</summary>
    public static MappedBytes Copy(ReadOnlySpan<byte> bytes)
    {
        byte[] pinned = GC.AllocateUninitializedArray<byte>(Math.Max(1, bytes.Length), pinned: true);
        bytes.CopyTo(pinned);
        return new MappedBytes(
            (byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0), bytes.Length, pinned);
    }

    /// <summary>Length in bytes.</summary>
    public long Length { get; }

    /// <summary>Keeps the memory alive.</summary>
    public object Owner { get; }

    /// <summary>The bytes from <paramref name="start"/> on, at most <see cref="int.MaxValue"/> at a time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within this one.</exception>
    public ReadOnlySpan<byte> Span(long start, int length) => new(At(start, length), length);

    /// <summary>A part of this range, sharing memory and owner.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within this one.</exception>
    public MappedBytes Slice(long start, long length) => new(At(start, length), length, Owner);

    /// <summary>Whether this range holds the same bytes as another, which the same memory does without being read.</summary>
    public bool HasSameBytes(MappedBytes other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Length != other.Length) return false;
        bool same = true;
        for (long start = 0; pointer != other.pointer && same && start < Length; start += ComparedLength)
        {
            int count = (int)Math.Min(ComparedLength, Length - start);
            same = Span(start, count).SequenceEqual(other.Span(start, count));
        }

        GC.KeepAlive(Owner);
        GC.KeepAlive(other.Owner);
        return same;
    }

    internal byte* Pointer => pointer;

    private byte* At(long start, long length)
    {
        if (start < 0 || length < 0 || start > Length - length)
            throw new ArgumentOutOfRangeException(nameof(start), $"Bytes {start}..{start + length} of {Length}.");
        return pointer + start;
    }
}
