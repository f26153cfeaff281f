using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Methods.Mend;

/// <summary>
/// The network of MEND: h = [x̂; δ̂] of each position, normalised, goes through two layers h ← h + max(0, s ⊙ (U·(V·h) + b) + t), is
/// split into x̃ and d̃, and the matrix moves by η·Σ x̃·d̃ᵀ. Matrices of one shape share U, V and b; each has its own s, t and η. U begins at zero,
/// so that the network begins as the identity.
/// </summary>
internal sealed class MendNet : IEditorNet
{
    private const int Depth = 2;
    private const string Rates = "rates";

    private readonly Device device;
    private readonly MatrixShapes shapes;
    private readonly Dictionary<string, int> places;

    /// <summary>A network that has learnt nothing.</summary>
    /// <param name="settings">Its rank, the rate it begins with, and which matrices it edits.</param>
    /// <param name="model">The model.</param>
    /// <param name="seed">Decides V.</param>
    public MendNet(MendSettings settings, CausalLm model, ulong seed)
    {
        (Settings, device, shapes) = (settings, model.Device, new MatrixShapes(settings.Matrices, model.Config));
        int n = model.Config.NEmbd + model.Config.NInner, rank = Math.Min(settings.Rank, n);
        var rng = new Rng(seed);
        Weights =
        [
            .. shapes.All.SelectMany(shape => Enumerable.Range(0, Depth).SelectMany(l => Layer(shape, l))),
            // Published are steps of 1e-4 for rates that begin at 1e-4, beside 1e-6 for all else.
            new(
                Rates, NewTensor.Of(device, settings.Rate, settings.Matrices.Count, 1),
                Math.Abs(settings.Rate) / (float)LearningRate(settings, model.Config)),
        ];
        State = [.. shapes.All.Select(shape => new TrainedWeight(shape.Statistics, NewTensor.Of(device, 0, RowStatistics.Parts, n)))];
        places = Weights.Select((weight, i) => (weight.Name, i)).ToDictionary();

        IEnumerable<TrainedWeight> Layer(MatrixShape shape, int l)
        {
            Rng own = rng.Fork(NameOf(shape, l, "v"));
            yield return new(NameOf(shape, l, "u"), NewTensor.Of(device, 0, n, rank));
            yield return new(NameOf(shape, l, "v"), NewTensor.Of(device, own.NextNormal, rank, n));
            yield return new(NameOf(shape, l, "bias"), NewTensor.Of(device, 0, n));
            yield return new(NameOf(shape, l, "scale"), NewTensor.Of(device, 1, shape.Count, n));
            yield return new(NameOf(shape, l, "shift"), NewTensor.Of(device, 0, shape.Count, n));
        }
    }

    /// <summary>Operations of a network of a rank for a row of n numbers.</summary>
    public static double FlopsPerRow(int rank, int n) => Depth * 2 * 2.0 * n * Math.Min(rank, n);

    /// <summary>
    /// The published step size, 1e-6, scaled so that the first step moves the output of a network of another size as far: each of its
    /// numbers is a sum over the rank of products with V's rows, which are √n long.
    /// </summary>
    public static double LearningRate(MendSettings settings, ModelConfig config)
    {
        const double Published = 1e-6;
        const int PublishedWidth = 1600 + 6400, PublishedRank = 1920; // GPT-2 XL
        int n = config.NEmbd + config.NInner;
        return Published * (PublishedRank * Math.Sqrt(PublishedWidth)) / (Math.Min(settings.Rank, n) * Math.Sqrt(n));
    }

    /// <inheritdoc/>
    public TrainedSettings Settings { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> Weights { get; }

    /// <inheritdoc/>
    public IReadOnlyList<TrainedWeight> State { get; }

    /// <inheritdoc/>
    public IReadOnlyList<RankTerms> Change(IReadOnlyList<Variable> weights, EditGradient gradient) =>
        [.. gradient.Rows.Select(rows => Change(weights, rows))];

    /// <inheritdoc/>
    public void Count(IReadOnlyList<EditGradient> gradients)
    {
        foreach (MatrixRows rows in gradients.SelectMany(gradient => gradient.Rows))
            StatisticsOf(shapes.Of(rows.Matrix).Shape).Add(rows.Together());
    }

    private RankTerms Change(IReadOnlyList<Variable> weights, MatrixRows rows)
    {
        (MatrixShape shape, int mode) = shapes.Of(rows.Matrix);
        Variable h = StatisticsOf(shape).Normalized(rows.Together(), device);
        for (int l = 0; l < Depth; l++)
        {
            Variable low = MatMul(h, Weight(l, "v"), transposeY: true);
            Variable pre = Add(MatMul(low, Weight(l, "u"), transposeY: true), Weight(l, "bias"));
            Variable own = Add(Multiply(pre, Embedding(Weight(l, "scale"), [mode])), Embedding(Weight(l, "shift"), [mode]));
            h = Add(h, ClampZero(own));
        }

        Variable rate = Embedding(weights[places[Rates]], [Settings.Matrices.ToList().IndexOf(rows.Matrix)]);
        return new RankTerms(
            rows.Matrix, Multiply(Columns(h, 0, shape.Inputs), rate), Columns(h, shape.Inputs, shape.Outputs));

        Variable Weight(int layer, string name) => weights[places[NameOf(shape, layer, name)]];
    }

    private RowStatistics StatisticsOf(MatrixShape shape) => new(State.Single(one => one.Name == shape.Statistics).Value);

    private static string NameOf(MatrixShape shape, int layer, string weight) => $"{shape.Name}.{layer}.{weight}";
}
