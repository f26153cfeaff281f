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
    private readonly Dictionary<long, Stack<HostBlock>> idle = [];
    private readonly Lock gate = new();

    /// <summary>Bytes waiting to be reused.</summary>
    public long IdleBytes { get; private set; }

    /// <summary>A block of at least <paramref name="bytes"/> bytes with undefined contents.</summary>
    /// <exception cref="InsufficientMemoryException">The machine has no room for it.</exception>
    public HostBlock Rent(long bytes)
    {
        long size = SizeClass(bytes);
        lock (gate)
        {
            if (idle.TryGetValue(size, out Stack<HostBlock>? blocks) && blocks.TryPop(out HostBlock? block))
            {
                IdleBytes -= size;
                return block;
            }
        }

        try
        {
            return new HostBlock(size);
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
            if (!idle.TryGetValue(block.ByteLength, out Stack<HostBlock>? blocks)) idle[block.ByteLength] = blocks = new();
            blocks.Push(block);
            IdleBytes += block.ByteLength;
        }
    }

    /// <summary>Leaves all idle blocks to the GC.</summary>
    public void Clear()
    {
        lock (gate)
        {
            idle.Clear();
            IdleBytes = 0;
        }
    }

    /// <summary>Rounds up to 4, 5, 6 or 7 times a power of two: at most a quarter is wasted, and few sizes exist.</summary>
    public static long SizeClass(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes <= 256) return 256;
        long step = 1L << (61 - System.Numerics.BitOperations.LeadingZeroCount((ulong)(bytes - 1)));
        return (bytes + step - 1) / step * step;
    }
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
