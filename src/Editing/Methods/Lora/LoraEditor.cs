using System.Diagnostics.CodeAnalysis;
using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Lora;

/// <summary>
/// LoRA: one low-rank adapter for all edits of a batch, merged into the weights it was trained beside. The edits share it, so once one of
/// them is withdrawn or removed, the batch as a whole is silent.
/// </summary>
public sealed class LoraEditor : IEditor
{
    /// <summary>The name of the part that says how many edits share the adapter.</summary>
    internal const string Edits = "edits";

    /// <inheritdoc/>
    public string Name => LoraSettings.Name;

    /// <inheritdoc/>
    public string Description => "Trains one low-rank adapter for all edits taught together and merges it into the weights.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.WholeBatch;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(LoraSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) => LoraSettings.For(config, variant ?? LoraSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return Portions.Of(requests, ((LoraSettings)settings).Batch);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (LoraSettings)settings;
        var model = new ModelCosts(config);
        (_, double batches) = Portions.Of(requests.Count, how.Batch);
        double numbers = how.Layers * AdapterPair.Numbers(config, how.Rank), flops = 0, most = 0, tape = 0;
        bool hasTexts = how.Divergence > 0 && how.Texts > 0;
        foreach (TokenizedRequest[] chunk in requests.Chunk(how.Chunk)) // which edits stand side by side is drawn later
        {
            double tokens = (double)chunk.Length * chunk.Max(request => request.Tokens.Input.Length);
            double rows = chunk.Sum(request => request.Tokens.Target.Length);
            double texts = hasTexts ? Math.Min(how.Chunk, how.Texts) * WrittenTexts.Length : 0;
            flops += how.Epochs * ((tokens * how.First * model.Block) + model.ThereAndBack(tokens, config.NLayer - how.First, rows)
                + (6 * (tokens + texts) * numbers) + (texts * how.First * model.Block)
                + (1.5 * model.ThereAndBack(texts, config.NLayer, texts))); // the model before reads them too
            (most, tape) = (Math.Max(most, tokens), Math.Max(tape, model.Tape(tokens + texts, config.NLayer - how.First, rows + texts)));
        }

        if (hasTexts) flops += batches * how.Texts * WrittenTexts.Length * ((config.NLayer * model.Block) + model.Head);
        return new EditorCosts((int)batches, flops, (int)most)
        {
            // A and B, their gradients and Adam's two; and at the end each adapted matrix once more.
            Memory = tape + (4 * sizeof(float) * numbers) + (2.0 * sizeof(float) * how.Layers * config.NInner * config.NEmbd),
            Stored = batches * (numbers + 1 + how.Epochs),
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
        var how = (LoraSettings)settings;
        Check(how, soFar.Base.Config);
        if (requests.Count == 0) return [];
        using BufferScope scope = soFar.Model.Device.Scope();
        EditTokens[] edits = [.. requests.Select(request => request.Tokens)];
        var training = new LoraTraining(soFar.Model, how);
        IReadOnlyList<float> losses = training.Train(edits, context);
        double[] after = AnswerTexts.Losses(Merged(soFar.Model, training.Pairs, how.Scale), how.First, edits);
        return [.. requests.Select((request, i) => new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = how,
            Parts = i > 0 ? [] :
            [
                .. training.Pairs.SelectMany(pair => pair.Parts()), new EditPart(Edits, [1], [requests.Count]),
                new EditPart(EditPart.Losses, [losses.Count], [.. losses]),
            ],
            FinalLoss = after[i],
        })];
    }

    /// <summary>Merges the adapter of every batch that is whole, see <see cref="WholeBatches"/>.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        CausalLm model = soFar.Model;
        foreach (IReadOnlyList<Edit> batch in WholeBatches.Of(edits, Edits))
        {
            var how = (LoraSettings)batch[0].Settings;
            model = Merged(model, [.. how.Matrices.Select(matrix => AdapterPair.Of(batch[0], matrix, model.Device))], how.Scale);
        }

        return soFar with { Model = model };
    }

    /// <summary>W + s·(B·A) in the place of each adapted matrix, in memory that no scope ends.</summary>
    internal static CausalLm Merged(CausalLm model, IReadOnlyList<AdapterPair> pairs, float scale) =>
        pairs.Aggregate(model, (soFar, pair) => pair.Matrix.With(soFar, map =>
        {
            Tensor weight = map.Matrices.Single().Value.Float32Copy(outlivesScopes: true);
            using BufferScope scope = weight.Device.Scope();
            Tensor a = Ops.Scale(pair.A.Value, scale).Value, b = pair.B.Value;
            if (map.IsOutIn) weight.Device.Gemm(b, a, weight, accumulate: true);
            else weight.Device.Gemm(MatrixView.Of(a).Transposed, MatrixView.Of(b).Transposed, weight, accumulate: true);
            return map with { Matrices = [weight] };
        }));

    /// <exception cref="InputException">The model has no such blocks, or the adapter no rank, or there are no edits in a step.</exception>
    private static void Check(LoraSettings how, ModelConfig config)
    {
        if ((uint)how.Layer >= (uint)config.NLayer)
            throw new InputException($"LoRA is to adapt block {how.Layer}, the model's are 0 to {config.NLayer - 1}.");
        if (how.Layers < 1 || how.First < 0)
        {
            throw new InputException(
                $"LoRA is to adapt {how.Layers} blocks, the last being block {how.Layer}, expected 1 to {how.Layer + 1} blocks.");
        }

        if (how.Rank < 1) throw new InputException($"LoRA: the adapter's rank is {how.Rank}, expected at least 1.");
        if (how.Chunk < 1) throw new InputException($"LoRA: {how.Chunk} edits are to be taken in a step, expected at least 1.");
    }
}
