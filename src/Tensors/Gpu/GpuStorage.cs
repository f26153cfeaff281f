using ILGPU;
using ILGPU.Runtime;

namespace Sharpformer.Tensors.Gpu;

/// <summary>A block of an accelerator's memory.</summary>
internal sealed class GpuBlock(MemoryBuffer1D<byte, Stride1D.Dense> buffer) : IMemoryBlock
{
    public ArrayView<byte> Bytes { get; } = buffer.View.AsContiguous();

    public long ByteLength => buffer.Length;

    public void Dispose() => buffer.Dispose();
}

/// <summary>Accelerator memory behind a tensor: a block of the pool, or a copy of stored weights.</summary>
internal sealed class GpuStorage : Storage
{
    private readonly BufferPool<GpuBlock>? pool;
    private readonly GpuBlock block;

    /// <summary>Memory to compute in.</summary>
    public GpuStorage(BufferPool<GpuBlock> pool, long byteLength) =>
        (this.pool, block, ByteLength) = (pool, pool.Rent(byteLength), byteLength);

    /// <summary>Stored weights, which are only read.</summary>
    public GpuStorage(GpuBlock block, long byteLength) => (this.block, ByteLength) = (block, byteLength);

    public override long ByteLength { get; }

    /// <summary>The memory, which may be a little longer than asked for.</summary>
    public ArrayView<byte> Bytes => block.Bytes;

    /// <summary>Verbs refuse to write stored weights, as on the CPU.</summary>
    public bool ReadOnly => pool is null;

    protected override void ReturnToPool() => pool?.Return(block);
}
