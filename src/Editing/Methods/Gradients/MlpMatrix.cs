using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Gradients;

/// <summary>One of the two matrices of a block's MLP.</summary>
/// <param name="Layer">The block, 0-based.</param>
/// <param name="IsUp">Whether it is the one from C to NInner channels.</param>
internal readonly record struct MlpMatrix(int Layer, bool IsUp)
{
    /// <summary>As GPT-2 calls it: <c>46.mlp.c_proj</c>.</summary>
    public string Name => FormattableString.Invariant($"{Layer}.mlp.{(IsUp ? "c_fc" : "c_proj")}");

    /// <summary>The second matrices of some blocks in a row.</summary>
    /// <param name="layer">The last of them.</param>
    /// <param name="layers">How many.</param>
    public static IReadOnlyList<MlpMatrix> Down(int layer, int layers) =>
        [.. Enumerable.Range(layer - layers + 1, layers).Select(l => new MlpMatrix(l, IsUp: false))];

    /// <summary>The linear map in a model.</summary>
    public LinearWeights Of(CausalLm model) => IsUp ? model.Blocks[Layer].Mlp.Up : model.Blocks[Layer].Mlp.Down;

    /// <summary>The model with another linear map there.</summary>
    public CausalLm With(CausalLm model, Func<LinearWeights, LinearWeights> change)
    {
        Block block = model.Blocks[Layer];
        MlpWeights mlp = IsUp ? block.Mlp with { Up = change(block.Mlp.Up) } : block.Mlp with { Down = change(block.Mlp.Down) };
        return model.WithBlock(Layer, block with { Mlp = mlp });
    }
}
