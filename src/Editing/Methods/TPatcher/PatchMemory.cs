using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.TPatcher;

/// <summary>
/// What the last MLP reads at the tokens of texts that the model writes: neurons shall be silent there. It lasts as long as a run.
/// </summary>
internal sealed class PatchMemory
{
    private const int ShortestText = 8, LongestText = 24, TokensPerText = 12; // some end early

    private PatchMemory(Tensor states) => States = states;

    /// <summary>The states, <c>[M,C]</c>.</summary>
    public Tensor States { get; }

    /// <summary>About how many tokens are written for some states.</summary>
    public static double Tokens(int states) => (double)states / TokensPerText * (ShortestText + LongestText) / 2;

    /// <summary>Lets the model write.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="count">M; fewer come of it where texts end early.</param>
    /// <param name="seed">Seeds the texts.</param>
    /// <param name="context">Knows how texts begin and end.</param>
    public static PatchMemory Make(CausalLm model, int count, ulong seed, TeachingContext context)
    {
        using BufferScope scope = model.Device.Scope();
        (int last, Rng rng) = (model.Config.NLayer - 1, new Rng(seed).Fork("memory"));
        int[][] texts = WrittenTexts.FromNothing(
            model, Math.Max(1, count / TokensPerText), ShortestText, LongestText, i => rng.Fork((ulong)i), context.BosId, context.EosId,
            context.Cancellation);
        Tensor all = Trace.Inputs(model, texts, new int[texts.Length], last, context.Cancellation);
        int kept = Math.Min(count, all.Rows);
        Tensor states = model.Device.AllocateUnscoped(new Shape(kept, all.Columns));
        model.Device.Copy(all.Slice(0, kept), states);
        return new PatchMemory(states);
    }
}
