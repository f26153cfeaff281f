using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Methods.Mend;

/// <summary>
/// The network of MEND: <see cref="RowLayers"/> with h ← h + max(0, s ⊙ (U·(V·h) + b) + t) make x̃ and d̃ of each position, and the matrix
/// moves by η·Σ x̃·d̃ᵀ, with a rate η of its own.
/// </summary>
internal sealed class MendNet : IEditorNet
{
    private static readonly (int Rank, int Width) Published = (1920, 1600 + 6400); // GPT-2 XL

    private readonly RowLayers layers;
    private readonly MlpMatrix[] matrices;

    /// <summary>A network that has learnt nothing.</summary>
    /// <param name="settings">Its rank, the rate it begins with, and which matrices it edits.</param>
    /// <param name="model">The model.</param>
    /// <param name="seed">Decides V.</param>
    public MendNet(MendSettings settings, CausalLm model, ulong seed)
    {
        (Settings, matrices) = (settings, [.. settings.Matrices]);
        layers = new RowLayers(matrices, settings.Rank, model, seed, (pre, scale, shift) => ClampZero(Add(Multiply(pre, scale), shift)));
        Weights =
        [
            .. layers.Weights,
            // Published are steps of 1e-4 for rates that begin at 1e-4, beside 1e-6 for all else.
            new(
                "rates", NewTensor.Of(model.Device, settings.Rate, matrices.Length, 1),
                Math.Abs(settings.Rate) / (float)LearningRate(settings, model.Config)),
        ];
    }

    /// <summary>The published step size, 1e-6, scaled to the network's size.</summary>
    public static double LearningRate(MendSettings settings, ModelConfig config) =>
        RowLayers.LearningRate(1e-6, Published, settings.Rank, config);

    /// <inheritdoc/>
    public TrainedSettings Settings { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> Weights { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> State => layers.State;

    /// <inheritdoc/>
    public IReadOnlyList<RankTerms> Change(IReadOnlyList<Variable> weights, EditGradient gradient) => [.. gradient.Rows.Select(rows =>
    {
        (Variable x, Variable d) = layers.Forward(weights, rows);
        return new RankTerms(rows.Matrix, Multiply(x, Embedding(weights[^1], [Array.IndexOf(matrices, rows.Matrix)])), d);
    })];

    /// <inheritdoc/>
    public void Count(IReadOnlyList<EditGradient> gradients) => layers.Count(gradients);
}
