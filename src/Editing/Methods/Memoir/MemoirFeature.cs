using Sharpformer.Editing.Methods.SideMemory;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Memoir;

/// <summary>
/// What a prompt is known by: the mean over its tokens of the MLP's hidden channels in the base model, less what that is for unrelated
/// texts.
/// </summary>
/// <param name="Block">The block, 0-based.</param>
/// <param name="Mean">μ: the mean for unrelated texts, <c>[m]</c>.</param>
internal sealed record MemoirFeature(int Block, float[] Mean)
{
    /// <summary>Lets the model write texts from nothing and takes their mean.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="settings">Say where, how many texts, and the seed.</param>
    /// <param name="context">The tokens that begin and end a text, and cancellation.</param>
    public static MemoirFeature Make(CausalLm model, MemoirSettings settings, TeachingContext context)
    {
        if (settings.UnrelatedTexts == 0) return new MemoirFeature(settings.Layer, new float[model.Config.NInner]);
        IReadOnlyList<int[]> texts = UnrelatedTexts.Write(model, settings.UnrelatedTexts, settings.Seed, context).Texts;
        return new MemoirFeature(settings.Layer, PromptStates.MeanOverPrompts(
            model, settings.Layer, Site.MlpHidden, texts, cancellation: context.Cancellation));
    }

    /// <summary>The rows of the memory that each prompt uses.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="hash">Finds them.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="first">The first token that counts.</param>
    /// <param name="cancellation">Checked between batches.</param>
    public int[][] Rows(
        CausalLm model, TopHash hash, IReadOnlyList<int[]> prompts, int first = 0, CancellationToken cancellation = default)
    {
        using BufferScope scope = model.Device.Scope();
        float[] states = PromptStates.Mean(model, Block, Site.MlpHidden, prompts, first, cancellation).ToArray();
        int m = Mean.Length;
        for (int i = 0; i < states.Length; i++) states[i] -= Mean[i % m];
        return [.. Enumerable.Range(0, prompts.Count).Select(p => hash.Rows(states.AsSpan(p * m, m)))];
    }

    /// <summary>Whether both are the same numbers.</summary>
    public bool IsSame(MemoirFeature other) => Block == other.Block && Mean.AsSpan().SequenceEqual(other.Mean);
}
