using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// Host memory from which an accelerator fetches what it is sent, in its own time: a copy from memory that the caller may
/// change would have to wait for all work queued before it. Filled from the start again once the host has waited.
/// </summary>
internal sealed unsafe class UploadStage : IDisposable
{
    private const int ByteLength = 1 << 23;

    // Offsets suit any element, and no two copies share a cache line.
    private const int Alignment = 64;

    private readonly HostBlock memory = new(ByteLength);
    private readonly PageLockScope<byte> pageLock; // CUDA copies from other memory only after a copy of its own
    private int used;

    /// <summary>Reserves the memory.</summary>
    public UploadStage(Accelerator accelerator) => pageLock = accelerator.CreatePageLockFromPinned<byte>(memory.Address, ByteLength);

    /// <summary>Whether so many bytes would fit if nothing else were here.</summary>
    public static bool Takes(long bytes) => bytes <= ByteLength;

    /// <summary>Whether so many bytes fit beside those that may still be on their way.</summary>
    public bool HasRoomFor(long bytes) => bytes <= ByteLength - used;

    /// <summary>Queues a copy of what there is room for.</summary>
    public void Send<T>(AcceleratorStream stream, ReadOnlySpan<T> values, ArrayView<T> destination) where T : unmanaged
    {
        T* staged = (T*)(memory.Pointer + used);
        values.CopyTo(new Span<T>(staged, values.Length));
        destination.CopyFromCPUUnsafeAsync(stream, ref *staged, values.Length);
        int bytes = MemoryMarshal.AsBytes(values).Length;
        used = Math.Min(ByteLength, used + (bytes + Alignment - 1) / Alignment * Alignment);
    }

    /// <summary>Tells that all copies queued so far are done.</summary>
    public void AllArrived() => used = 0;

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        pageLock.Dispose();
        memory.Dispose();
    }
}
