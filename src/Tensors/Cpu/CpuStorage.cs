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
    public CpuStorage(byte* pointer, long byteLength, object owner, PackingBudget budget)
    {
        (this.owner, ByteLength, Weights) = (owner, byteLength, new PackedWeights(budget));
        Pointer = pointer;
    }

    public byte* Pointer { get; }

    public override long ByteLength { get; }

    /// <summary>Packed forms of stored weights; null for memory to compute in, whose contents change.</summary>
    public PackedWeights? Weights { get; }

    /// <summary>Writing to a mapped file would crash the process, so verbs refuse it.</summary>
    public bool ReadOnly => pool is null;

    protected override void ReturnToPool() => pool?.Return((HostBlock)owner);
}
