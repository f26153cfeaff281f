using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>How the sequences of a training pass lie in <c>[B·T,…]</c>, and what is dropped of them.</summary>
/// <param name="B">Sequences.</param>
/// <param name="Starts"><c>[B·T]</c>: the first position that each may see; null for 0.</param>
/// <param name="Dropout">Share of dropped elements at each <see cref="DropoutSite"/>; 0 for none.</param>
/// <param name="StepSeed">Decides which.</param>
internal sealed record WholeSequences(int B, int[]? Starts = null, float Dropout = 0, ulong StepSeed = 0)
{
    /// <summary>x with the share left out that belongs to a place of a block; the block is -1 below all of them.</summary>
    public Variable Dropped(Variable x, int layer, DropoutSite site) =>
        Dropout == 0 ? x : Ops.Dropout(x, Dropout, Seed(layer, site));

    /// <summary>A seed for each place.</summary>
    public ulong Seed(int layer, DropoutSite site) => Dropout == 0 ? 0 : new Rng(StepSeed).Fork($"{layer}.{site}").NextUInt64();
}

/// <summary>Where GPT-2 drops: the three places of its <c>embd_pdrop</c>, <c>attn_pdrop</c> and <c>resid_pdrop</c>.</summary>
internal enum DropoutSite
{
    /// <summary>What the first block reads.</summary>
    Embedding,

    /// <summary>How much each position attends to each.</summary>
    Probabilities,

    /// <summary>What attention adds to the residual stream.</summary>
    Attention,

    /// <summary>What the MLP adds to it.</summary>
    Mlp,
}
