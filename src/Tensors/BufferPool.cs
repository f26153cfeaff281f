using System.Numerics;
using System.Runtime.InteropServices;

namespace Sharpformer.Tensors;

/// <summary>
/// Keeps host memory blocks for reuse, because a training step allocates the same sizes over and over. A block that is
/// never returned is freed with the tensors that use it. Safe to call from several threads.
/// </summary>
/// <param name="retainedBytes">Upper bound of the idle memory kept; what comes back beyond it is freed.</param>
internal sealed class BufferPool(long retainedBytes)
{
    /// <summary>Four for each power of two from 256 to the largest there is.</summary>
    private const int SizeClasses = 4 * (62 - 8) + 1;

    private readonly Stack<HostBlock>?[] idle = new Stack<HostBlock>?[SizeClasses];
    private readonly Lock gate = new();

    /// <summary>Bytes waiting to be reused.</summary>
    public long IdleBytes { get; private set; }

    /// <summary>A block of at least <paramref name="bytes"/> bytes with undefined contents.</summary>
    /// <exception cref="InsufficientMemoryException">The machine has no room for it.</exception>
    public HostBlock Rent(long bytes)
    {
        int sizeClass = IndexOf(bytes);
        lock (gate)
        {
            if (idle[sizeClass] is { } blocks && blocks.TryPop(out HostBlock? block))
            {
                IdleBytes -= block.ByteLength;
                return block;
            }
        }

        try
        {
            return new HostBlock(BytesOf(sizeClass));
        }
        catch (OutOfMemoryException e)
        {
            throw new InsufficientMemoryException($"No room for a tensor of {bytes:N0} bytes; {IdleBytes:N0} idle bytes are pooled.", e);
        }
    }

    /// <summary>Takes back a block that nobody uses any more.</summary>
    public void Return(HostBlock block)
    {
        lock (gate)
        {
            if (IdleBytes + block.ByteLength <= retainedBytes)
            {
                (idle[IndexOf(block.ByteLength)] ??= new()).Push(block);
                IdleBytes += block.ByteLength;
                return;
            }
        }

        block.Dispose();
    }

    /// <summary>Frees all idle blocks.</summary>
    public void Clear()
    {
        lock (gate)
        {
            foreach (HostBlock block in idle.SelectMany(blocks => blocks ?? [])) block.Dispose();
            Array.Clear(idle);
            IdleBytes = 0;
        }
    }

    /// <summary>Rounds up to 4, 5, 6 or 7 times a power of two: at most a quarter is wasted, and few sizes exist.</summary>
    public static long SizeClass(long bytes) => BytesOf(IndexOf(bytes));

    private static int IndexOf(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes <= 256) return 0;
        int exponent = 61 - BitOperations.LeadingZeroCount((ulong)(bytes - 1)); // of a quarter of the power of two below
        return 4 * (exponent - 6) + (int)((bytes - 1) >> exponent) - 3;
    }

    private static long BytesOf(int sizeClass) => sizeClass == 0 ? 256 : (long)(5 + (sizeClass - 1) % 4) << (6 + (sizeClass - 1) / 4);
}

/// <summary>Host memory that starts on a cache line. It lives until it is disposed, or else as long as its object.</summary>
internal sealed unsafe class HostBlock : IDisposable
{
    private const int CacheLine = 64;

    /// <exception cref="OutOfMemoryException">The machine has no room for it.</exception>
    public HostBlock(long byteLength)
    {
        Pointer = (byte*)NativeMemory.AlignedAlloc(checked((nuint)Math.Max(1, byteLength)), CacheLine);
        ByteLength = byteLength;
        if (byteLength > 0) GC.AddMemoryPressure(byteLength);
    }

    ~HostBlock() => Free();

    public byte* Pointer { get; private set; }

    public nint Address => (nint)Pointer;

    public long ByteLength { get; }

    /// <summary>Gives the memory back to the system.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (Pointer is null) return;
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
        if (ByteLength > 0) GC.RemoveMemoryPressure(ByteLength);
    }
}
