using System.Diagnostics.CodeAnalysis;
using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Malmen;

/// <summary>
/// MALMEN (Tan, Zhang and Fu 2024, "Massive Editing for Large Language Models via Meta Learning"): a trained network says of each edit how
/// the last blocks' outputs shall move, from its gradient on the base model, and a ridge regression finds the change for all edits of a
/// batch.
/// </summary>
public sealed class MalmenEditor : IEditor
{
    /// <inheritdoc/>
    public string Name => MalmenSettings.Name;

    /// <inheritdoc/>
    public string Description => "A trained network and a ridge regression turn many edits' gradients into one change of the last blocks.";

    /// <inheritdoc/>
    public Reversal Reversal => Reversal.Batch;

    /// <inheritdoc/>
    [DynamicallyAccessedMembers(EditSettings.Accessed)]
    public Type SettingsType => typeof(MalmenSettings);

    /// <inheritdoc/>
    public EditSettings SettingsFor(ModelConfig config, string? variant = null) =>
        MalmenSettings.For(config, variant ?? MalmenSettings.Name);

    /// <inheritdoc/>
    public IEnumerable<IReadOnlyList<TokenizedRequest>> Batches(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(context);
        var how = (MalmenSettings)settings;
        if (requests.Count == 0) return [];
        NetTeaching.FileOf(how, context);
        return Portions.Of(requests, how.BatchSize);
    }

    /// <summary>The passes and the network, and a solution as large as a batch has target tokens.</summary>
    /// <inheritdoc/>
    public EditorCosts Costs(IReadOnlyList<TokenizedRequest> requests, ModelConfig config, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(config);
        var how = (MalmenSettings)settings;
        EditorCosts costs = NetTeaching.Costs(requests, config, how);
        double batches = Portions.Of(requests.Count, how.BatchSize).Count;
        double rows = requests.Sum(request => (double)request.Tokens.Target.Length) / batches;
        return costs with
        {
            Batches = (int)batches,
            HostFlops = batches * how.Layers * LayerChange.Flops(rows, config.NInner, config.NEmbd),
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
        var how = (MalmenSettings)settings;
        var net = (MalmenNet)NetTeaching.NetOf(soFar.Base, how, context);
        Variable[] weights = [.. net.Weights.Select(weight => Variable.Constant(weight.Value))];
        EditTokens[] tokens = [.. requests.Select(request => request.Tokens)];
        IReadOnlyList<EditGradient> gradients = EditGradient.Of(soFar.Base, how, tokens, context.Cancellation);
        return [.. requests.Select((request, e) => NetTeaching.EditOf(request, how,
        [
            new EditPart(BatchParts.Place, [1], [e]), MalmenParts.Of(net.Ridges()),
            .. gradients[e].Rows.SelectMany(rows => RidgeParts.Of(rows.Matrix.Layer, rows.Inputs, Moves(rows))),
        ]))];

        float[][] Moves(MatrixRows rows)
        {
            using BufferScope scope = soFar.Base.Device.Scope();
            Tensor moves = net.Moves(weights, rows).Value;
            return [.. moves.ToArray().Chunk(moves.Columns)];
        }
    }

    /// <summary>Solves every batch again for those of its edits that are active.</summary>
    /// <inheritdoc/>
    public EditedModel Apply(EditedModel soFar, IReadOnlyList<Edit> edits)
    {
        ArgumentNullException.ThrowIfNull(soFar);
        ArgumentNullException.ThrowIfNull(edits);
        return soFar with
        {
            Model = RidgeParts.Apply(soFar.Model, edits, first => ((MalmenSettings)first.Settings).Matrices, MalmenParts.Ridge),
        };
    }
}
