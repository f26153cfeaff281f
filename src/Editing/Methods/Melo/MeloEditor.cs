using System.Diagnostics.CodeAnalysis;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Melo;

/// <summary>
/// MELO (Yu et al. 2024): a LoRA of many blocks, one for each batch of edits, and an index that says by the prompt which block is on, if
/// any. A withdrawn edit leaves the index, exactly; what it wrote stays in the block that its batch shares.
/// </summary>
public sealed class MeloEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => MeloSettings.Name;

    /// <inheritdoc/>
    public string Description => "Trains a block of LoRA for each batch; an index of taught prompts says which block is on.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.TermDropped;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(MeloSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) => MeloSettings.For(config, variant ?? MeloSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return Portions.Of(requests, ((MeloSettings)settings).Batch);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (MeloSettings)settings;
        var model = new ModelCosts(config);
        int below = how.KeyLayer + 1, blocks = config.NLayer - below, batches = 0;
        double flops = 0, most = 0, tape = 0, block = (double)how.Layers * how.Rank * (config.NEmbd + config.NInner);
        foreach (IReadOnlyList<TokenizedRequest> together in Portions.Of(requests, how.Batch))
        {
            double tokens = (double)together.Count * together.Max(request => request.Tokens.Input.Length);
            double rows = together.Sum(request => (double)request.Tokens.Target.Length);
            flops += (2 * tokens * below * model.Block) + (how.Steps * (model.ThereAndBack(tokens, blocks, rows) + (6 * tokens * block)));
            (most, tape, batches) = (Math.Max(most, tokens), Math.Max(tape, model.Tape(tokens, blocks, rows)), batches + 1);
        }

        return new EditorCosts(batches, flops, (int)most)
        {
            // The block, its gradient and Adam's two, and the texts below it.
            Memory = tape + (sizeof(float) * ((4 * block) + (most * config.NEmbd))),
            Stored = requests.Count * (config.NInner + block + how.Steps + 1),
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
        var how = (MeloSettings)settings;
        CausalLm model = soFar.Base;
        if (how.Layers < 1 || how.KeyLayer < 0 || how.Layer >= model.Blocks.Count || how.Rank < 1)
        {
            throw new InputException(
                $"MELO is to edit {how.Layers} blocks, the last being block {how.Layer}, with rank {how.Rank}, "
                + $"expected 1 to {model.Blocks.Count - 1} blocks with one below them, and a rank of at least 1.");
        }

        using BufferScope scope = model.Device.Scope();
        EditTokens[] edits = [.. requests.Select(request => request.Tokens)];
        Tensor read = MeloRouter.Keys(model, how.KeyLayer, [.. edits.Select(edit => edit.Prompt)], context.Cancellation);
        float[][] keys = [.. read.ToArray().Chunk(read.Columns)];
        var training = new MeloTraining(model, how, edits);
        float[][] losses = training.Train(context.Cancellation);
        EditPart[] block = [.. training.Parts()];
        return [.. requests.Select((request, i) => new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = how,
            Parts =
            [
                new EditPart(MeloPoint.KeyName, [keys[i].Length], keys[i]), .. block,
                new EditPart(EditPart.Losses, [losses[i].Length], losses[i]),
            ],
            FinalLoss = losses[i][^1],
        })];
    }

    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        Device device = soFar.Base.Device;
        var routers = soFar.Routers.ToList();
        foreach (var same in edits.Where(edit => edit.Status == EditStatus.Active).GroupBy(edit => IndexOf((MeloSettings)edit.Settings)))
        {
            int at = routers.FindIndex(router => router is MeloRouter melo && IndexOf(melo.Settings) == same.Key);
            MeloRouter before = at < 0 ? new(device, (MeloSettings)same.First().Settings, []) : (MeloRouter)routers[at];
            var points = new List<MeloPoint>();
            MeloBlock? block = before.LastBlock;
            foreach (Edit edit in same)
            {
                block = MeloBlock.Of(edit, device, block);
                EditPart key = edit.Part(MeloPoint.KeyName)
                    ?? throw new ArgumentException($"Melo: edit {edit.Id} has no part '{MeloPoint.KeyName}'.");
                points.Add(new MeloPoint(edit.Id, key.Values, edit.TargetTokens, block));
            }

            MeloRouter with = before.With(points);
            if (at < 0) routers.Add(with);
            else routers[at] = with;
        }

        return soFar with { Routers = routers };
    }

    /// <summary>Edits share an index where their prompts are known by the same numbers and it is kept in the same way.</summary>
    private static (int KeyLayer, float Radius, bool AsPublished) IndexOf(MeloSettings settings) =>
        (settings.KeyLayer, settings.Radius, settings.AsPublished);
}
