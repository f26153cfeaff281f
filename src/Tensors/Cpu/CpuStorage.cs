namespace Sharpformer.Tensors.Cpu;

/// <summary>Host memory behind a tensor: a block of the pool, or stored weights mapped from a file.</summary>
internal sealed unsafe class CpuStorage : Storage
{
    private readonly BufferPool<HostBlock>? pool;
    private readonly object owner;
    private bool? finite;

    /// <summary>Memory to compute in.</summary>
    public CpuStorage(BufferPool<HostBlock> pool, long byteLength)
    {
        HostBlock block = pool.Rent(byteLength);
        (this.pool, owner, ByteLength) = (pool, block, byteLength);
        Pointer = block.Pointer;
    }

    /// <summary>Stored weights, which are only read.</summary>
    public CpuStorage(byte* pointer, long byteLength, object owner, PackingBudget budget, RowScales? scales = null)
    {
        (this.owner, ByteLength, Weights, Scales) = (owner, byteLength, new PackedWeights(budget), scales);
        Pointer = pointer;
    }

    public byte* Pointer { get; }

    public override long ByteLength { get; }

    /// <summary>Packed forms of stored weights; null for memory to compute in, whose contents change.</summary>
    public PackedWeights? Weights { get; }

    /// <summary>Scales of Q8 weights; null for all others.</summary>
    public RowScales? Scales { get; }

    /// <summary>Copies elements, widened.</summary>
    /// <param name="dtype">How they are stored.</param>
    /// <param name="start">The first, counted from the storage's own first.</param>
    /// <param name="count">How many.</param>
    /// <param name="to">Destination.</param>
    public void Widen(DType dtype, long start, long count, float* to)
    {
        if (Scales is null) Widening.Copy(Pointer + start * dtype.Size(), dtype, to, count);
        else Scales.Widen((sbyte*)Pointer, start, count, to);
    }

    /// <summary>Whether F16 weights hold neither infinity nor NaN. Looked up once: it costs as much as one product with a row.</summary>
    public bool FiniteF16(WorkSharing work)
    {
        if (Weights is null) return false;
        if (finite is bool known) return known;
        int special = 0;
        work.Split(ByteLength / 2, 1 << 18, new SpecialF16((ushort*)Pointer, &special));
        finite = special == 0;
        return special == 0;
    }

    /// <summary>Writing to a mapped file would crash the process, so verbs refuse it.</summary>
    public bool ReadOnly => pool is null;

    protected override void ReturnToPool() => pool?.Return((HostBlock)owner);

    /// <summary>Notes whether there is infinity or NaN.</summary>
    private readonly struct SpecialF16(ushort* source, int* special) : IRangeTask
    {
        public void Run(long start, long end)
        {
            if (!ElementFiniteF16.Are(source + start, end - start)) Volatile.Write(ref *special, 1);
        }
    }
}
