using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>The beginning of a model: what a method that changes one block computes once and never again.</summary>
internal static class LowerModel
{
    /// <summary>The model without the blocks from <paramref name="blocks"/> on: what it gives is their input.</summary>
    public static CausalLm UpTo(this CausalLm model, int blocks) =>
        model with { Config = model.Config.WithBlocks(blocks), Blocks = [.. model.Blocks.Take(blocks)] };
}
