using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Methods.Malmen;

/// <summary>
/// The network of MALMEN: <see cref="RowLayers"/> with h ← h + s ⊙ max(0, U·(V·h) + b) + t make k̃ and g̃ of each position where a target
/// token is predicted. D = -η·(h·k̃)·g̃ is what the matrix's output shall move by there, h being what it reads, and the matrix changes by
/// the ridge regression that does so for all edits of a batch, with η and λ of its own.
/// </summary>
internal sealed class MalmenNet : IEditorNet
{
    private static readonly (int Rank, int Width) Published = (1920, 4096 + 16384); // GPT-J

    private readonly Device device;
    private readonly RowLayers layers;
    private readonly MlpMatrix[] matrices;

    /// <summary>A network that has learnt nothing.</summary>
    /// <param name="settings">Its rank, the rate it begins with, and which matrices it edits.</param>
    /// <param name="model">The model.</param>
    /// <param name="seed">Decides V.</param>
    public MalmenNet(MalmenSettings settings, CausalLm model, ulong seed)
    {
        (Settings, device, matrices) = (settings, model.Device, [.. settings.Matrices]);
        layers = new RowLayers(
            matrices, settings.Rank, model, seed, (pre, scale, shift) => Add(Multiply(ClampZero(pre), scale), shift));
        float step = (float)LearningRate(settings, model.Config);
        Weights =
        [
            .. layers.Weights,
            new("rates", NewTensor.Of(device, settings.Rate, matrices.Length, 1), Math.Abs(settings.Rate) / step), // in steps of their size
            new("log-ridges", NewTensor.Of(device, 0, matrices.Length, 1), 0.01f / step),
        ];
    }

    /// <summary>The published step size, 1e-5, scaled to the network's size.</summary>
    public static double LearningRate(MalmenSettings settings, ModelConfig config) =>
        RowLayers.LearningRate(1e-5, Published, settings.Rank, config);

    /// <inheritdoc/>
    public TrainedSettings Settings { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> Weights { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> State => layers.State;

    /// <inheritdoc/>
    public bool IsJoint => true;

    /// <inheritdoc/>
    public void Count(IReadOnlyList<EditGradient> gradients) => layers.Count(gradients);

    /// <inheritdoc/>
    public IReadOnlyList<RankTerms> Change(IReadOnlyList<Variable> weights, EditGradient gradient) => [.. gradient.Rows.Select(rows =>
    {
        Variable solved = RidgeSolve.Of(rows.Inputs, Moves(weights, rows), Embedding(weights[^1], [Array.IndexOf(matrices, rows.Matrix)]));
        return new RankTerms(rows.Matrix, Keys(rows), solved);
    })];

    /// <summary>D: what a matrix's output shall move by at each row, <c>[rows,out]</c>.</summary>
    public Variable Moves(IReadOnlyList<Variable> weights, MatrixRows rows)
    {
        (Variable key, Variable gradient) = layers.Forward(weights, rows);
        Variable rate = Embedding(weights[^2], [Array.IndexOf(matrices, rows.Matrix)]);
        return Scale(Multiply(ScaleRows(gradient, Dot(Keys(rows), key)), rate), -1);
    }

    /// <summary>e^λ of each matrix.</summary>
    public float[] Ridges() => [.. Weights[^1].Value.ToArray().Select(MathF.Exp)];

    private Tensor Keys(MatrixRows rows) => device.From([.. rows.Inputs.SelectMany(row => row)], rows.Inputs.Length, rows.Inputs[0].Length);
}
