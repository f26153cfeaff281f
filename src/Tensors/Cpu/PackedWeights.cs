namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// Frozen weights in the micro-kernel's order, widened: made at a matrix's second product and kept, because a product
/// of some tens of rows takes a good part of its time to pack the weights; with fewer rows they are read in place, with more
/// it does not matter. Not at the first: whoever reads one prompt and writes on from it needs no weights twice in memory.
/// Belongs to the storage it was made from and goes with it. Where the budget is used up, products pack panel by panel as they
/// go; the bits are the same.
/// </summary>
/// <param name="budget">What all weights of the device may take together.</param>
internal sealed class PackedWeights(PackingBudget budget)
{
    private readonly Dictionary<WeightView, HostBlock?> packed = [];

    /// <summary>Memory for the packed form of a view of the weights; null at its first product, and where there is no room.</summary>
    /// <param name="view">Which elements, in which order.</param>
    /// <param name="bytes">Size of the packed form.</param>
    /// <param name="made">Whether it was made now and the caller has to fill it.</param>
    public HostBlock? Of(WeightView view, long bytes, out bool made)
    {
        made = false;
        if (!packed.TryGetValue(view, out HostBlock? block)) packed.Add(view, null);
        else if (block is null && budget.TryTake(bytes)) (made, packed[view]) = (true, block = new HostBlock(bytes));
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
