using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>What it takes to teach neurons: a trace, texts that the model writes, and the tail again and again.</summary>
internal static class IReVaCosts
{
    /// <inheritdoc cref="IEditor.Costs"/>
    public static EditorCosts Of(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, IReVaSettings settings)
    {
        var model = new ModelCosts(config);
        double neurons = requests.Sum(request => (double)request.Tokens.Target.Length);
        double flops = requests.Sum(request => (double)request.Tokens.Input.Length) * config.NLayer * model.Block;
        if (settings.Retrofit)
            flops += settings.Epochs * model.ThereAndBack(neurons, config.NLayer - 1 - settings.Layer, neurons);
        if (settings.UsesOutOfScope())
        {
            (double written, double read) = OutOfScopeSampler.Tokens(requests);
            flops += (written * ((config.NLayer * model.Block) + model.Head)) + (read * (settings.Layer + 1) * model.Block);
        }

        return new EditorCosts(
            IReVaTeaching.Chunks(requests).Count(), flops, (int)Math.Min(neurons, IReVaTeaching.NeuronsAtOnce))
        {
            Memory = MemoryEstimate.Teaching(config, settings),
            Stored = neurons * (2 * config.NEmbd),
        };
    }
}
