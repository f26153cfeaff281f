using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Methods.UltraEdit;

/// <summary>
/// Moments before the first edit: of texts that the base model makes up, each of whose tokens is asked for behind those before it.
/// </summary>
internal static class WarmUp
{
    private const int Length = 12;

    /// <summary>The moments of as many rows as settings ask for; of none where they ask for none.</summary>
    public static RunningMoments Moments(CausalLm model, UltraEditSettings settings, TeachingContext context)
    {
        if (settings.WarmUp == 0) return new RunningMoments(model.Config.NInner + model.Config.NEmbd);
        return context.Once(() => new Made(Of(model, settings, context))).Moments.Copy();
    }

    private static RunningMoments Of(CausalLm model, UltraEditSettings settings, TeachingContext context)
    {
        var moments = new RunningMoments(model.Config.NInner + model.Config.NEmbd);
        Tokenizer tokenizer = context.Tokenizer
            ?? throw new InvalidOperationException("UltraEdit's warm-up reads texts of the base model: it needs the tokenizer.");
        int rows = settings.WarmUp, texts = (rows + Length - 2) / (Length - 1);
        var seeded = new Rng(settings.Seed).Fork("warm-up");
        PromptTemplates made = PromptTemplates.Sample(model, tokenizer, [.. Enumerable.Repeat(Length, texts)], seeded, context);
        EditTokens[] asked = [.. made.Texts.Select(tokenizer.Encode).Where(text => text.Length > 1)
            .Select(text => new EditTokens(text[..1], text[1..Math.Min(text.Length, Length)]))];
        if (asked.Length == 0) return moments;
        GradientRows[][] all = GradientRows.Of(model, settings.Matrices, asked, wholeText: false, context.Cancellation);
        foreach (GradientRows[][] some in all.Chunk(Math.Max(1, settings.MiniBatch)))
            UltraEditEditor.Enter(moments, some, settings.AveragesMiniBatch);
        return moments;
    }

    /// <summary>What a run makes once.</summary>
    private sealed record Made(RunningMoments Moments);
}
