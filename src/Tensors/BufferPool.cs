using System.Numerics;

namespace Sharpformer.Tensors;

/// <summary>
/// Keeps a device's memory blocks for reuse, because a training step allocates the same sizes over and over. A block that is
/// never returned is freed with the tensors that use it. Safe to call from several threads.
/// </summary>
/// <param name="retainedBytes">Upper bound of the idle memory kept; what comes back beyond it is freed.</param>
/// <param name="allocate">Makes a block of so many bytes, or throws <see cref="OutOfMemoryException"/>.</param>
internal sealed class BufferPool<TBlock>(long retainedBytes, Func<long, TBlock> allocate) where TBlock : class, IMemoryBlock
{
    private readonly Stack<TBlock>?[] idle = new Stack<TBlock>?[SizeClass.Count];
    private readonly Lock gate = new();
    private long rented;

    /// <summary>The most bytes there were at once, rented or waiting.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes waiting to be reused.</summary>
    public long IdleBytes { get; private set; }

    /// <summary>A block of at least <paramref name="bytes"/> bytes with undefined contents.</summary>
    /// <exception cref="InsufficientMemoryException">The device has no room for it.</exception>
    public TBlock Rent(long bytes)
    {
        int sizeClass = SizeClass.IndexOf(bytes);
        lock (gate)
        {
            rented += SizeClass.BytesOf(sizeClass);
            if (idle[sizeClass] is { } blocks && blocks.TryPop(out TBlock? block))
            {
                IdleBytes -= block.ByteLength;
                return block;
            }

            PeakBytes = Math.Max(PeakBytes, rented + IdleBytes);
        }

        return Allocate(SizeClass.BytesOf(sizeClass));
    }

    /// <summary>
    /// A new block of so many bytes, none of the idle ones. Where there is no room for it, what nobody uses any more is freed first.
    /// </summary>
    /// <exception cref="InsufficientMemoryException">The device has no room for it.</exception>
    public TBlock Allocate(long bytes)
    {
        for (bool again = false; ; again = true)
        {
            try
            {
                return allocate(bytes);
            }
            catch (OutOfMemoryException) when (!again)
            {
                Clear(); // idle blocks of other sizes may be in the way
                GC.Collect(); // tensors of no scope go with their last owner, whom the collector has no reason to look for
                GC.WaitForPendingFinalizers();
            }
            catch (OutOfMemoryException e) when (e is not InsufficientMemoryException) // which says more already
            {
                throw new InsufficientMemoryException($"The machine has no room for {bytes:N0} bytes.", e);
            }
        }
    }

    /// <summary>Takes back a block that nobody uses any more.</summary>
    public void Return(TBlock block)
    {
        lock (gate)
        {
            rented -= block.ByteLength;
            if (IdleBytes + block.ByteLength <= retainedBytes)
            {
                (idle[SizeClass.IndexOf(block.ByteLength)] ??= new()).Push(block);
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
            foreach (TBlock block in idle.SelectMany(blocks => blocks ?? [])) block.Dispose();
            Array.Clear(idle);
            IdleBytes = 0;
        }
    }
}

/// <summary>Memory that a pool keeps.</summary>
internal interface IMemoryBlock : IDisposable
{
    long ByteLength { get; }
}

/// <summary>The block sizes there are.</summary>
internal static class SizeClass
{
    /// <summary>Four for each power of two from 256 to the largest there is.</summary>
    public const int Count = 4 * (62 - 8) + 1;

    /// <summary>Rounds up to 4, 5, 6 or 7 times a power of two: at most a quarter is wasted, and few sizes exist.</summary>
    public static long Of(long bytes) => BytesOf(IndexOf(bytes));

    public static int IndexOf(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes <= 256) return 0;
        int exponent = 61 - BitOperations.LeadingZeroCount((ulong)(bytes - 1)); // of a quarter of the power of two below
        return 4 * (exponent - 6) + (int)((bytes - 1) >> exponent) - 3;
    }

    public static long BytesOf(int sizeClass) => sizeClass == 0 ? 256 : (long)(5 + (sizeClass - 1) % 4) << (6 + (sizeClass - 1) / 4);
}
