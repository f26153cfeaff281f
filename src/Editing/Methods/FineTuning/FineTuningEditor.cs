using System.Diagnostics.CodeAnalysis;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.FineTuning;

/// <summary>
/// Fine-tuning of one MLP under a clamp (FT, FT-L, FT-M): the plainest of rivals. The edits of a batch share one change of weights, so
/// they are in force together: once one of them is withdrawn or removed, the batch as a whole is silent.
/// </summary>
public sealed class FineTuningEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => FineTuningSettings.Name;

    /// <inheritdoc/>
    public string Description => "Fine-tunes one MLP's weights within a clamp; edits taught together share the change.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.WholeBatch;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(FineTuningSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        FineTuningSettings.For(config, variant ?? FineTuningSettings.Paper);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return Portions.Of(requests, ((FineTuningSettings)settings).Batch);
    }

    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (FineTuningSettings)settings;
        var model = new ModelCosts(config);
        int blocks = config.NLayer - how.Layer;
        (int batch, double batches) = Portions.Of(requests.Count, how.Batch);
        double weights = (how.Up ? 2.0 : 1) * config.NInner * config.NEmbd, flops = 0, most = 0, tape = 0;
        foreach (IReadOnlyList<TokenizedRequest> together in Portions.Of(requests, how.Batch))
        {
            foreach (TokenizedRequest[] chunk in together.Chunk(how.Chunk))
            {
                double tokens = (double)chunk.Length * chunk.Max(r => (how.PromptLast ? r.Tokens.Prompt : r.Tokens.Input).Length);
                double rows = chunk.Sum(request => (double)request.Tokens.Target.Length);
                flops += (tokens * how.Layer * model.Block)
                    + (how.Epochs * (model.ThereAndBack(tokens, blocks, rows) + (2 * tokens * weights)));
                (most, tape) = (Math.Max(most, tokens), Math.Max(tape, model.Tape(tokens, blocks, rows)));
            }
        }

        return new EditorCosts((int)batches, flops, (int)most)
        {
            // W₀, Δ, their sum, the gradient and Adam's two.
            Memory = tape + (6 * sizeof(float) * weights)
                + (sizeof(float) * (double)config.NEmbd * batch * requests.Average(request => request.Tokens.Input.Length)),
            Stored = batches * weights,
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
        var how = (FineTuningSettings)settings;
        using BufferScope scope = soFar.Model.Device.Scope();
        AnswerTexts[] chunks = [.. requests.Chunk(how.Chunk).Select(chunk =>
            new AnswerTexts(soFar.Model, how.Layer, [.. chunk.Select(request => request.Tokens)], how.PromptLast))];
        var training = new FineTuningRun(soFar.Model, how);
        training.Train(chunks, context.Cancellation);
        double[] losses = [.. chunks.SelectMany(chunk => chunk.LossPerEdit(training.Model(tape: null)))];
        return [.. requests.Select((request, i) => new Edit
        {
            Request = request.Request,
            PromptTokens = request.Tokens.Prompt,
            TargetTokens = request.Tokens.Target,
            Settings = how,
            Parts = i > 0 ? [] : [.. training.Parts(), new EditPart(FineTunedWeights.Edits, [1], [requests.Count])],
            FinalLoss = losses[i],
        })];
    }

    /// <summary>Adds the change of every batch that is whole, see <see cref="WholeBatches"/>.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        CausalLm model = soFar.Model;
        foreach (IReadOnlyList<Edit> batch in WholeBatches.Of(edits, FineTunedWeights.Edits))
        {
            Edit holder = batch[0];
            model = FineTunedWeights.With(model, (FineTuningSettings)holder.Settings, (name, weight) =>
            {
                EditPart delta = holder.Part(name) ?? throw new ArgumentException($"FineTuning: edit {holder.Id} has no part '{name}'.");
                return ChangedWeight.Plus(weight.Value, delta.Values);
            });
        }

        return soFar with { Model = model };
    }
}
