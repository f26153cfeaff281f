namespace Sharpformer.Tensors.Cpu;

/// <summary>Host memory behind a tensor: a block of the pool, or stored weights mapped from a file.</summary>
internal sealed unsafe class CpuStorage : Storage
{
    private readonly BufferPool? pool;
    private readonly object owner;

    /// <summary>Memory to compute in.</summary>
    public CpuStorage(BufferPool pool, long byteLength)
    {
        HostBlock block = pool.Rent(byteLength);
        (this.pool, owner, ByteLength) = (pool, block, byteLength);
        Pointer = block.Pointer;
    }

    /// <summary>Stored weights, which are only read.</summary>
    public CpuStorage(byte* pointer, long byteLength, object owner)
    {
        (this.owner, ByteLength) = (owner, byteLength);
        Pointer = pointer;
    }

    public byte* Pointer { get; }

    public override long ByteLength { get; }

    /// <summary>Writing to a mapped file would crash the process, so verbs refuse it.</summary>
    public bool ReadOnly => pool is null;

    protected override void ReturnToPool() => pool?.Return((HostBlock)owner);
}
