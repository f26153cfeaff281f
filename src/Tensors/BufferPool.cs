using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sharpformer.Tensors;

/// <summary>
/// Keeps host memory blocks for reuse, because a training step allocates the same sizes over and over. Blocks are
/// pinned managed arrays: one that is never returned is simply collected with the tensors that use it.
/// Safe to call from several threads.
/// </summary>
/// <param name="retainedBytes">Upper bound of the idle memory kept; what comes back beyond it is left to the GC.</param>
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
            if (IdleBytes + block.ByteLength > retainedBytes) return;
            (idle[IndexOf(block.ByteLength)] ??= new()).Push(block);
            IdleBytes += block.ByteLength;
        }
    }

    /// <summary>Leaves all idle blocks to the GC.</summary>
    public void Clear()
    {
        lock (gate)
        {
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

/// <summary>Pinned host memory that starts on a cache line.</summary>
internal sealed unsafe class HostBlock
{
    private readonly CacheLine[] lines;

    public HostBlock(long byteLength)
    {
        // One line more than needed leaves room to move the start to a multiple of 64.
        lines = GC.AllocateUninitializedArray<CacheLine>(checked((int)((byteLength + 63) / 64 + 1)), pinned: true);
        nint start = Marshal.UnsafeAddrOfPinnedArrayElement(lines, 0);
        Pointer = (byte*)((start + 63) & ~(nint)63);
        ByteLength = byteLength;
    }

    public byte* Pointer { get; }

    public nint Address => (nint)Pointer;

    public long ByteLength { get; }

    /// <summary>An element type of this size lets one array pass 2 GiB.</summary>
    [InlineArray(8)]
    private struct CacheLine
    {
        private long first;
    }
}
