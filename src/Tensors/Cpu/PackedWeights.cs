namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// Frozen weights in the micro-kernel's order, widened, and kept, because a product of some tens of rows takes a part of its time to pack
/// the weights; with fewer rows they are read in place, with more it does not matter. Not before the <see cref="Patience"/>th product:
/// memory that is touched for the first time costs as much as some products save, and whoever reads a few prompts and writes on from them
/// needs no weights twice in memory.
/// Belongs to the storage it was made from and goes with it. Where the budget is used up, products pack panel by panel as they
/// go; the bits are the same.
/// </summary>
/// <param name="budget">What all weights of the device may take together.</param>
internal sealed class PackedWeights(PackingBudget budget)
{
    /// <summary>The product of a matrix for which its packed form is made.</summary>
    public const int Patience = 8;

    private readonly Dictionary<WeightView, (int Products, HostBlock? Block)> packed = [];

    /// <summary>Memory for the packed form of a view of the weights; null at its first products, and where there is no room.</summary>
    /// <param name="view">Which elements, in which order.</param>
    /// <param name="bytes">Size of the packed form.</param>
    /// <param name="made">Whether it was made now and the caller has to fill it.</param>
    public HostBlock? Of(WeightView view, long bytes, out bool made)
    {
        made = false;
        (int products, HostBlock? block) = packed.GetValueOrDefault(view);
        if (block is not null) return block;
        made = ++products >= Patience && budget.TryTake(bytes);
        if (made) block = new HostBlock(bytes);
        packed[view] = (products, block);
        return block;
    }
}

/// <summary>A matrix within stored weights; a transposed view is another one.</summary>
/// <param name="Address">First element.</param>
/// <param name="K">Rows.</param>
/// <param name="N">Columns.</param>
/// <param name="RowStride">Elements between rows.</param>
/// <param name="ColumnStride">Elements between columns.</param>
internal readonly record struct WeightView(nint Address, int K, int N, long RowStride, long ColumnStride);

/// <summary>How many more bytes of packed weights a device may keep.</summary>
internal sealed class PackingBudget(long bytes)
{
    private long left = bytes;

    /// <summary>Takes some of it, or leaves it as it is when there is not enough.</summary>
    public bool TryTake(long wanted)
    {
        if (wanted > left) return false;
        left -= wanted;
        return true;
    }
}
