using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.SideMemory;

/// <summary>Texts that the base model writes from nothing, as what edits have nothing to do with.</summary>
/// <param name="Texts">Their tokens.</param>
internal sealed record UnrelatedTexts(IReadOnlyList<int[]> Texts)
{
    /// <summary>Lets the model write them.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="count">How many, at least one.</param>
    /// <param name="seed">Seeds them.</param>
    /// <param name="context">The tokens that begin and end a text, and cancellation.</param>
    public static UnrelatedTexts Write(CausalLm model, int count, ulong seed, TeachingContext context)
    {
        Rng seeded = new Rng(seed).Fork("unrelated");
        return new UnrelatedTexts(WrittenTexts.FromNothing(
            model, count, WrittenTexts.Shortest, WrittenTexts.Longest, i => seeded.Fork((ulong)i), context.BosId, context.EosId,
            context.Cancellation));
    }

    /// <summary>Operations of writing them.</summary>
    public static double Flops(ModelConfig config, int count)
    {
        var model = new ModelCosts(config);
        return count * WrittenTexts.Length * ((config.NLayer * model.Block) + model.Head);
    }
}
