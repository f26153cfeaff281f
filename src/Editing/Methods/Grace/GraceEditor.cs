using System.Diagnostics.CodeAnalysis;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Grace;

/// <summary>
/// GRACE (Hartvigsen et al. 2023): a codebook at one MLP. Where a prompt ends near the key of an edit, the edit's value stands in for what
/// the MLP's first matrix gives; all other prompts are read by the base model. Each edit is trained on the base model, whatever others
/// there are, unless it is to be as published (<see cref="GraceSettings.AsPublished"/>): then a withdrawal is exact in what is folded, but
/// values that were trained on from the withdrawn one keep what they learnt from it.
/// </summary>
public sealed class GraceEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => GraceSettings.Name;

    /// <inheritdoc/>
    public string Description => "Puts a trained value into one MLP where a prompt ends near a taught one; all others are left alone.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Exact;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(GraceSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        GraceSettings.For(config, variant ?? GraceSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return Portions.Of(requests, Size((GraceSettings)settings));
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (GraceSettings)settings;
        var model = new ModelCosts(config);
        int blocks = config.NLayer - how.Layer, batches = 0;
        double flops = 0, most = 0, tape = 0;
        foreach (IReadOnlyList<TokenizedRequest> together in Portions.Of(requests, Size(how)))
        {
            double tokens = (double)together.Count * together.Max(request => request.Tokens.Input.Length);
            double rows = together.Sum(request => (double)request.Tokens.Target.Length);
            flops += (tokens * ((2 * how.Layer) + 1) * model.Block) + (how.Steps * model.ThereAndBack(tokens, blocks, rows));
            (most, tape, batches) = (Math.Max(most, tokens), Math.Max(tape, model.Tape(tokens, blocks, rows)), batches + 1);
        }

        double stored = (double)requests.Count * (config.NEmbd + config.NInner + how.Steps + 1);
        return new EditorCosts(batches, flops, (int)most)
        {
            // Values, their gradient and Adam's two, and the texts below the block.
            Memory = tape + (sizeof(float) * ((4.0 * Math.Max(1, Size(how)) * config.NInner) + (most * config.NEmbd))),
            Stored = stored,
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
        var how = (GraceSettings)settings;
        CausalLm model = soFar.Base;
        if (how.Layer < 0 || how.Layer >= model.Blocks.Count)
            throw new InputException($"GRACE is to edit block {how.Layer}, expected one from 0 to {model.Blocks.Count - 1}.");
        using BufferScope scope = model.Device.Scope();
        var training = new ValueTraining(model, how, [.. requests.Select(request => request.Tokens)], context.Cancellation);
        float[][] keys = [.. training.Keys.ToArray().Chunk(model.Config.NEmbd)];
        (float[][] values, float[][] losses) = training.Train([.. requests.Select((_, i) => Start(i))], context.Cancellation);
        return [.. requests.Select((request, i) => new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = how,
            Parts =
            [
                new EditPart(GraceEntry.KeyName, [keys[i].Length], keys[i]),
                new EditPart(GraceEntry.ValueName, [values[i].Length], values[i]),
                new EditPart(EditPart.Losses, [losses[i].Length], losses[i]),
            ],
            FinalLoss = losses[i][^1],
        })];

        float[] Start(int i)
        {
            GraceEntry? joined = how.AsPublished && RouterOf(soFar, how) is { Published: { } published }
                ? Codebook.Joined(published, keys[i], requests[i].Tokens.Target, how.Radius)
                : null;
            return joined?.Value ?? training.Start(i);
        }
    }

    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        var routers = soFar.Routers.ToList();
        foreach (var same in edits.Where(edit => edit.Status == EditStatus.Active).GroupBy(edit => Kind((GraceSettings)edit.Settings)))
        {
            int at = routers.FindIndex(router => router is GraceRouter grace && KindOf(grace) == same.Key);
            GraceRouter before = at < 0 ? new(soFar.Base.Device, same.Key.Layer, same.Key.AsPublished) : (GraceRouter)routers[at];
            GraceRouter with = before.With([.. same.Select(edit => GraceEntry.Of(edit, soFar.Base))]);
            if (at < 0) routers.Add(with);
            else routers[at] = with;
        }

        return soFar with { Routers = routers };
    }

    private static int Size(GraceSettings settings) => settings.AsPublished ? 1 : Math.Max(1, settings.Batch);

    private static GraceRouter? RouterOf(EditedModel edited, GraceSettings settings) =>
        edited.Routers.OfType<GraceRouter>().FirstOrDefault(router => KindOf(router) == Kind(settings));

    private static (int Layer, bool AsPublished) Kind(GraceSettings settings) => (settings.Layer, settings.AsPublished);

    private static (int Layer, bool AsPublished) KindOf(GraceRouter router) => (router.Layer, router.Published is not null);
}
