using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>
/// What the networks of MEND and MALMEN do with a row [x; δ] of a gradient: it is normalised and goes through two layers
/// h ← h + f(U·(V·h) + b), each as wide as the row and as narrow as the rank in between. Matrices of one shape share U, V and b; each has a
/// scale s and a shift t of its own. U begins at zero, so that the layers begin as the identity.
/// </summary>
internal sealed class RowLayers
{
    private const int Depth = 2;

    private readonly Device device;
    private readonly MatrixShapes shapes;
    private readonly Func<Variable, Variable, Variable, Variable> bend;
    private readonly Dictionary<string, int> places;

    /// <summary>Layers that have learnt nothing.</summary>
    /// <param name="matrices">Of whose gradients the rows are.</param>
    /// <param name="rank">Numbers between the two products of a layer, at most as many as a row has.</param>
    /// <param name="model">The model.</param>
    /// <param name="seed">Decides V.</param>
    /// <param name="bend">f, given U·(V·h) + b, s and t.</param>
    public RowLayers(
        IReadOnlyList<MlpMatrix> matrices, int rank, CausalLm model, ulong seed, Func<Variable, Variable, Variable, Variable> bend)
    {
        (device, shapes, this.bend) = (model.Device, new MatrixShapes(matrices, model.Config), bend);
        int n = Width(model.Config), narrow = Math.Min(rank, n);
        var rng = new Rng(seed);
        Weights = [.. shapes.All.SelectMany(shape => Enumerable.Range(0, Depth).SelectMany(l => Layer(shape, l)))];
        State = [.. shapes.All.Select(shape => new TrainedWeight(shape.Statistics, NewTensor.Of(device, 0, RowStatistics.Parts, n)))];
        places = Weights.Select((weight, i) => (weight.Name, i)).ToDictionary();

        IEnumerable<TrainedWeight> Layer(MatrixShape shape, int l)
        {
            Rng own = rng.Fork(NameOf(shape, l, "v"));
            yield return new(NameOf(shape, l, "u"), NewTensor.Of(device, 0, n, narrow));
            yield return new(NameOf(shape, l, "v"), NewTensor.Of(device, own.NextNormal, narrow, n));
            yield return new(NameOf(shape, l, "bias"), NewTensor.Of(device, 0, n));
            yield return new(NameOf(shape, l, "scale"), NewTensor.Of(device, 1, shape.Count, n));
            yield return new(NameOf(shape, l, "shift"), NewTensor.Of(device, 0, shape.Count, n));
        }
    }

    /// <summary>Operations of layers of a rank for a row.</summary>
    public static double FlopsPerRow(int rank, ModelConfig config) => Depth * 2 * 2.0 * Width(config) * Math.Min(rank, Width(config));

    /// <summary>
    /// A published step size, scaled so that the first step moves the output of layers of another size as far: each of its numbers is a sum
    /// over the rank of products with V's rows, which are √n long.
    /// </summary>
    /// <param name="published">The step size.</param>
    /// <param name="size">Of the layers that it was published for, the rank and n.</param>
    /// <param name="rank">Of these layers.</param>
    /// <param name="config">The model's architecture.</param>
    public static double LearningRate(double published, (int Rank, int Width) size, int rank, ModelConfig config)
    {
        int n = Width(config);
        return published * (size.Rank * Math.Sqrt(size.Width)) / (Math.Min(rank, n) * Math.Sqrt(n));
    }

    /// <summary>What is trained.</summary>
    public IReadOnlyList<TrainedWeight> Weights { get; }

    /// <summary>The statistics of the rows that were seen, by which they are normalised.</summary>
    public IReadOnlyList<TrainedWeight> State { get; }

    /// <summary>Takes rows into the statistics.</summary>
    public void Count(IReadOnlyList<EditGradient> gradients)
    {
        foreach (MatrixRows rows in gradients.SelectMany(gradient => gradient.Rows))
            StatisticsOf(shapes.Of(rows.Matrix).Shape).Add(rows.Together());
    }

    /// <summary>What comes out of a matrix's rows.</summary>
    /// <param name="weights"><see cref="Weights"/> as parameters or constants; others may follow them.</param>
    /// <param name="rows">At least one.</param>
    /// <returns>What has become of x, <c>[rows,in]</c>, and of δ, <c>[rows,out]</c>.</returns>
    public (Variable Inputs, Variable Gradients) Forward(IReadOnlyList<Variable> weights, MatrixRows rows)
    {
        (MatrixShape shape, int mode) = shapes.Of(rows.Matrix);
        Variable h = StatisticsOf(shape).Normalized(rows.Together(), device);
        for (int l = 0; l < Depth; l++)
        {
            Variable low = MatMul(h, Weight(l, "v"), transposeY: true);
            Variable pre = Add(MatMul(low, Weight(l, "u"), transposeY: true), Weight(l, "bias"));
            h = Add(h, bend(pre, Embedding(Weight(l, "scale"), [mode]), Embedding(Weight(l, "shift"), [mode])));
        }

        return (Columns(h, 0, shape.Inputs), Columns(h, shape.Inputs, shape.Outputs));

        Variable Weight(int layer, string name) => weights[places[NameOf(shape, layer, name)]];
    }

    private static int Width(ModelConfig config) => config.NEmbd + config.NInner;

    private RowStatistics StatisticsOf(MatrixShape shape) => new(State.Single(one => one.Name == shape.Statistics).Value);

    private static string NameOf(MatrixShape shape, int layer, string weight) => $"{shape.Name}.{layer}.{weight}";
}
