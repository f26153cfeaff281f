using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.SideMemory;

/// <summary>Texts that the base model writes from nothing, as what edits have nothing to do with.</summary>
/// <param name="Texts">Their tokens.</param>
internal sealed record UnrelatedTexts(IReadOnlyList<int[]> Texts)
{
    private const int ShortestText = 4, LongestText = 16;

    /// <summary>Lets the model write them.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="layer">The block that the method is about.</param>
    /// <param name="count">How many, at least one.</param>
    /// <param name="seed">Seeds them.</param>
    /// <param name="context">The tokens that begin and end a text, and cancellation.</param>
    public static UnrelatedTexts Write(CausalLm model, int layer, int count, ulong seed, TeachingContext context)
    {
        using BufferScope scope = model.Device.Scope();
        Rng seeded = new Rng(seed).Fork("unrelated");
        int longest = Math.Min(LongestText, model.Config.NPositions - 1), shortest = Math.Min(ShortestText, longest);
        TextStart[] starts = [.. Enumerable.Range(0, count).Select(i =>
            new TextStart([context.BosId], shortest + (i % (longest - shortest + 1)), seeded.Fork((ulong)i)))];
        Tensor ends = model.Device.Allocate(starts.Length, model.Config.NEmbd);
        int[][] written = new SampledTexts(model, layer, context.EosId).Write(starts, ends, context.Cancellation);
        return new UnrelatedTexts([.. written.Select(text => text.Length > 1 ? text[1..] : text)]); // prompts do not begin with it
    }

    /// <summary>Operations of writing them.</summary>
    public static double Flops(ModelConfig config, int count)
    {
        var model = new ModelCosts(config);
        return count * 0.5 * (ShortestText + LongestText) * ((config.NLayer * model.Block) + model.Head);
    }
}
