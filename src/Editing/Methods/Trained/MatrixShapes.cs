using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>The shapes of the matrices that are edited: what is learnt of one matrix holds for all of its shape.</summary>
internal sealed class MatrixShapes
{
    private readonly Dictionary<MlpMatrix, (MatrixShape Shape, int Mode)> byMatrix = [];

    /// <summary>The shapes of some matrices of a model.</summary>
    public MatrixShapes(IReadOnlyList<MlpMatrix> matrices, ModelConfig config)
    {
        (int C, int inner) = (config.NEmbd, config.NInner);
        All =
        [
            .. matrices.GroupBy(matrix => matrix.IsUp ? (C, inner) : (inner, C))
                .Select(group => new MatrixShape(group.Key.Item1, group.Key.Item2, group.Count())),
        ];
        foreach (MlpMatrix matrix in matrices)
        {
            MatrixShape shape = All.Single(one => one.Inputs == (matrix.IsUp ? C : inner) && one.Outputs == (matrix.IsUp ? inner : C));
            byMatrix.Add(matrix, (shape, byMatrix.Values.Count(one => one.Shape == shape)));
        }
    }

    /// <summary>Each once, in the order of the matrices.</summary>
    public IReadOnlyList<MatrixShape> All { get; }

    /// <summary>The shape of a matrix, and how many others of that shape come before it.</summary>
    public (MatrixShape Shape, int Mode) Of(MlpMatrix matrix) => byMatrix[matrix];
}

/// <summary>A shape of matrices.</summary>
/// <param name="Inputs">Numbers of x.</param>
/// <param name="Outputs">Numbers of δ.</param>
/// <param name="Count">How many matrices have it.</param>
internal sealed record MatrixShape(int Inputs, int Outputs, int Count)
{
    /// <summary>As names of weights begin.</summary>
    public string Name => FormattableString.Invariant($"{Inputs}x{Outputs}");

    /// <summary>The name of the statistics of such matrices' rows.</summary>
    public string Statistics => $"{Name}.rows";
}
