using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Lora;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Sola;

/// <summary>
/// SoLA: a low-rank adapter for each edit, trained alone on the frozen base model, and switched on for prompts that resemble the edit's
/// own. No edit knows of another, so each can leave without a trace.
/// </summary>
public sealed class SolaEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => SolaSettings.Name;

    /// <inheritdoc/>
    public string Description => "Trains a low-rank adapter for each edit and switches it on for prompts that resemble the edit's own.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Exact;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(SolaSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) => SolaSettings.For(config, variant ?? SolaSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return Portions.Of(requests, ((SolaSettings)settings).Batch);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (SolaSettings)settings;
        var model = new ModelCosts(config);
        double perEdit = AdapterPair.Numbers(config, how.Rank), flops = 0, tape = 0;
        foreach (TokenizedRequest request in requests)
        {
            (int tokens, int rows) = (request.Tokens.Input.Length, request.Tokens.Target.Length);
            flops += (tokens * how.Layer * model.Block) + (request.Tokens.Prompt.Length * (how.KeyLayer + 1) * model.Block)
                + (how.Epochs * (model.ThereAndBack(tokens, config.NLayer - how.Layer, rows) + (6 * tokens * perEdit)));
            tape = Math.Max(tape, model.Tape(tokens, config.NLayer - how.Layer, rows));
        }

        // What prompts are told apart from is written once, and read twice.
        double texts = PromptEmbedding.TokensToMake;
        flops += texts * ((config.NLayer * model.Block) + model.Head + (2 * (how.KeyLayer + 1) * model.Block));
        (int portion, double portions) = Portions.Of(requests.Count, how.Batch);
        return new EditorCosts((int)portions, flops, (int)requests.Average(request => request.Tokens.Input.Length))
        {
            Memory = tape + (4 * sizeof(float) * perEdit) + (sizeof(float) * portion * (perEdit + config.NEmbd)),
            Stored = requests.Count * (perEdit + (2.0 * config.NEmbd) + 1 + how.Epochs),
            IsAtMost = true,
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<Edit> Teach(
        IReadOnlyList<TokenizedRequest> requests, EditedModel soFar, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(context);
        var how = (SolaSettings)settings;
        Check(how, soFar.Base.Config);
        if (requests.Count == 0) return [];
        PromptEmbedding? known = soFar.Routers.OfType<SolaRouter>()
            .FirstOrDefault(router => router.Embedding.Block == how.KeyLayer && router.Seed == how.Seed)?.Embedding;
        PromptEmbedding embedding = EmbeddedKeys.Embedding(known, how.KeyLayer, how.Seed, soFar.Base, context);
        EditPart[][] keys = EmbeddedKeys.Parts(embedding, soFar.Base, requests, context.Cancellation);
        var training = new SolaTraining(soFar.Base, how);
        return [.. requests.Select((request, i) =>
        {
            TrainedAdapter trained = training.Train(request.Tokens, context.Cancellation);
            return new Edit
            {
                Request = request.Request,
                PromptTokens = request.Tokens.Prompt,
                TargetTokens = request.Tokens.Target,
                Settings = how,
                Parts = [.. keys[i], .. trained.Parts],
                FinalLoss = trained.Loss,
            };
        })];
    }

    /// <summary>Puts edits whose keys can be compared into one router; withdrawn ones are as if they had never been taught.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        List<IPromptRouter> routers = [.. soFar.Routers];
        Edit[] left = [.. edits.Where(edit => edit.Status == EditStatus.Active)];
        if (left.Length == 0) return soFar;
        for (int r = 0; r < routers.Count; r++)
        {
            if (routers[r] is not SolaRouter router) continue;
            ILookup<bool, Edit> taken = left.ToLookup(router.Takes);
            if (taken[true].Any()) routers[r] = router.With(taken[true]);
            left = [.. taken[false]];
        }

        while (left.Length > 0)
        {
            SolaRouter first = SolaRouter.Of(soFar.Base.Device, [left[0]]);
            ILookup<bool, Edit> taken = left.Skip(1).ToLookup(first.Takes);
            routers.Add(first.With(taken[true]));
            left = [.. taken[false]];
        }

        return soFar with { Routers = routers };
    }

    /// <exception cref="InputException">The model has no such block, or the adapter no rank.</exception>
    private static void Check(SolaSettings how, ModelConfig config)
    {
        if ((uint)how.Layer >= (uint)config.NLayer || (uint)how.KeyLayer >= (uint)config.NLayer)
        {
            throw new InputException(
                $"SoLA is to edit block {how.Layer} and to know prompts by block {how.KeyLayer}, "
                    + $"the model's are 0 to {config.NLayer - 1}.");
        }

        if (how.Rank < 1) throw new InputException($"SoLA: the adapter's rank is {how.Rank}, expected at least 1.");
    }
}
