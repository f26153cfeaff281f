using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.SideMemory;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Wise;

/// <summary>
/// WISE (Wang et al. 2024): edits go into a copy of one MLP matrix, and prompts that it moves far enough are read by the copy. The edits
/// of a shard share its change: once one of them is withdrawn or removed, the shard as a whole is silent.
/// </summary>
public sealed class WiseEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => WiseSettings.Name;

    /// <inheritdoc/>
    public string Description => "Trains edits into copies of one MLP matrix, shard by shard; a copy reads the prompts that it moves far.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.WholeBatch;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(WiseSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        WiseSettings.For(config, variant ?? WiseSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return Portions.Of(requests, ((WiseSettings)settings).SaveEvery);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (WiseSettings)settings;
        var model = new ModelCosts(config);
        int blocks = config.NLayer - how.Layer;
        (_, double batches) = Portions.Of(requests.Count, how.SaveEvery);
        double matrix = (double)config.NInner * config.NEmbd, rows = how.Contexts + 1;
        double flops = UnrelatedTexts.Flops(config, how.UnrelatedTexts), most = 0, tape = 0;
        foreach (TokenizedRequest request in requests)
        {
            double tokens = rows * (request.Tokens.Input.Length + (how.Contexts > 0 ? WrittenContexts.Longest : 0));
            double targets = rows * request.Tokens.Target.Length;
            flops += (2 * tokens * (how.Layer + 1) * model.Block) + (2 * request.Tokens.Prompt.Length * matrix)
                + (how.Steps * (model.ThereAndBack(tokens, blocks, targets) + (10 * tokens * matrix)));
            (most, tape) = (Math.Max(most, tokens), Math.Max(tape, model.Tape(tokens, blocks, targets)));
        }

        return new EditorCosts((int)batches, flops, (int)most)
        {
            Memory = tape + (6 * sizeof(float) * matrix) + (sizeof(float) * most * config.NInner),
            Stored = (batches * (4 + (how.WeightDecay > 0 ? matrix : how.MaskShare * matrix))) + ((double)requests.Count * how.Steps),
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
        if (requests.Count == 0) return [];
        var how = (WiseSettings)settings;
        CausalLm model = soFar.Base;
        var contexts = WrittenContexts.Of("WISE", model, how.Contexts, how.Seed, context);
        UnrelatedTexts unrelated = context.Once(() =>
            UnrelatedTexts.Write(model, Math.Max(1, how.UnrelatedTexts), how.Seed, context));
        long before = soFar.Routers.OfType<WiseRouter>().SelectMany(router => router.Shards)
            .Select(shard => shard.Before + shard.Edits.Count).DefaultIfEmpty().Max();
        using BufferScope scope = model.Device.Scope();
        var training = new WiseTraining(model, how, before);
        for (int i = 0; i < requests.Count; i++)
        {
            int[] text = unrelated.Texts[(int)((before + i) % unrelated.Texts.Count)];
            training.Train(contexts.Rows(requests[i], context.Tokenizer, model.Config.NPositions), text, context.Cancellation);
        }

        int[][] prompts = [.. requests.Select(request => request.Tokens.Prompt)];
        float epsilon = Movement.Read(model, how.Layer, prompts, [training.Delta], context.Cancellation).ToArray().Min();
        double[] losses = Losses(requests, model, how.Layer, training.Delta);
        IReadOnlyList<EditPart> shard = WiseParts.Of(
            how, training.Delta.ToArray(), model.Config.NInner, requests.Count, before, epsilon, training.Losses);
        return [.. requests.Select((request, i) => new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = how,
            Parts = i > 0 ? [] : shard,
            FinalLoss = losses[i],
        })];
    }

    /// <summary>
    /// Adds every shard that is whole: all of its edits are there and active. Edits must come with those that they were taught with.
    /// </summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        var routers = soFar.Routers.ToList();
        foreach (IGrouping<string, WiseShard> alike in Whole(edits).GroupBy(shard => Kind(shard.Holder)))
        {
            int at = routers.FindLastIndex(router => router is WiseRouter wise && Kind(wise.Shards[0].Holder) == alike.Key);
            IReadOnlyList<WiseShard> earlier = at < 0 ? [] : ((WiseRouter)routers[at]).Shards;
            var router = new WiseRouter(soFar.Base.Device, soFar.Base.Config.NEmbd, [.. earlier, .. alike]);
            if (at < 0) routers.Add(router);
            else routers[at] = router;
        }

        return routers.Count == soFar.Routers.Count && routers.SequenceEqual(soFar.Routers) ? soFar : soFar with { Routers = routers };
    }

    private static List<WiseShard> Whole(IReadOnlyList<Edit> edits)
    {
        var shards = new List<WiseShard>();
        for (int first = 0, end; first < edits.Count; first = end)
        {
            end = first + 1;
            while (end < edits.Count && edits[end].Batch == edits[first].Batch && edits[end].Part(WiseParts.Edits) is null) end++;
            Edit[] together = [.. edits.Skip(first).Take(end - first)];
            if (together[0].Part(WiseParts.Edits) is { } count && count.Values[0] == together.Length
                && together.All(edit => edit.Status == EditStatus.Active))
            {
                shards.Add(new WiseShard(together[0], [.. together.Select(edit => edit.Id)]));
            }
        }

        return shards;
    }

    /// <summary>What shards must have in common to be memories of one router.</summary>
    private static string Kind(Edit holder)
    {
        var how = (WiseSettings)holder.Settings;
        return FormattableString.Invariant($"{how.Layer} {how.MergeEvery} {how.MergeDensity}");
    }

    private static double[] Losses(IReadOnlyList<TokenizedRequest> requests, CausalLm model, int layer, Tensor delta)
    {
        var losses = new double[requests.Count];
        foreach (int[] some in TokenBatch.SimilarLengths([.. requests.Select(request => request.Tokens.Input.Length)]))
        {
            using BufferScope scope = model.Device.Scope();
            double[] found = new AnswerTexts(model, layer, [.. some.Select(i => requests[i].Tokens)])
                .LossPerEdit(model, [WiseRouter.OpeningOf(layer, () => delta)]);
            for (int i = 0; i < some.Length; i++) losses[some[i]] = found[i];
        }

        return losses;
    }
}
