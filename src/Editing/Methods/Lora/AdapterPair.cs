using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Lora;

/// <summary>Both factors of what an adapter adds to one matrix (Hu et al. 2021): y += s·(x·Aᵀ)·Bᵀ.</summary>
/// <param name="Matrix">The matrix.</param>
/// <param name="A"><c>[r,in]</c>.</param>
/// <param name="B"><c>[out,r]</c>.</param>
internal sealed record AdapterPair(MlpMatrix Matrix, Variable A, Variable B)
{
    /// <summary>Both matrices of some blocks in a row.</summary>
    /// <param name="layer">The last of them.</param>
    /// <param name="layers">How many.</param>
    public static IReadOnlyList<MlpMatrix> Matrices(int layer, int layers) =>
        [.. Enumerable.Range(layer - layers + 1, layers).SelectMany(l => new[] { new MlpMatrix(l, true), new MlpMatrix(l, false) })];

    /// <summary>An adapter that adds nothing yet: A drawn, B zero. It belongs to the device's current scope.</summary>
    /// <param name="model">The model.</param>
    /// <param name="matrix">The matrix.</param>
    /// <param name="rank">r.</param>
    /// <param name="draw">A number of A, given how many numbers the matrix reads.</param>
    public static AdapterPair Begin(CausalLm model, MlpMatrix matrix, int rank, Func<int, double> draw)
    {
        (int inputs, int outputs) = Widths(matrix.Of(model));
        float[] a = new float[rank * inputs];
        for (int i = 0; i < a.Length; i++) a[i] = (float)draw(inputs);
        return new AdapterPair(matrix, model.Device.From(a, rank, inputs), model.Device.Zeros(new Shape(outputs, rank)));
    }

    /// <summary>The adapter that an edit holds. No scope ends it.</summary>
    /// <exception cref="ArgumentException">The edit holds none for this matrix.</exception>
    public static AdapterPair Of(Edit edit, MlpMatrix matrix, Device device)
    {
        return new AdapterPair(matrix, Tensor(NameOfA(matrix)), Tensor(NameOfB(matrix)));

        Tensor Tensor(string name)
        {
            EditPart part = edit.Part(name) ?? throw new ArgumentException($"{edit.Method}: edit {edit.Id} has no part '{name}'.");
            Tensor tensor = device.AllocateUnscoped(new Shape(part.Shape[0], part.Shape[1]));
            device.Upload(part.Values, tensor);
            return tensor;
        }
    }

    /// <summary>What keeps an edit from holding adapters for some matrices; null where nothing does.</summary>
    /// <param name="edit">The edit.</param>
    /// <param name="matrices">The matrices.</param>
    /// <param name="rank">r.</param>
    /// <param name="nEmbd">C.</param>
    public static string? Misfit(Edit edit, IReadOnlyList<MlpMatrix> matrices, int rank, int nEmbd)
    {
        foreach (MlpMatrix matrix in matrices)
        {
            string a = NameOfA(matrix), b = NameOfB(matrix);
            if (edit.Part(a) is not { Shape: [var first, var inputs] } || first != rank || (matrix.IsUp && inputs != nEmbd))
                return $"it has no part '{a}' of [{rank},{(matrix.IsUp ? nEmbd : "inner")}]";
            if (edit.Part(b) is not { Shape: [var outputs, var second] } || second != rank || (!matrix.IsUp && outputs != nEmbd))
                return $"it has no part '{b}' of [{(matrix.IsUp ? "inner" : nEmbd)},{rank}]";
        }

        return null;
    }

    /// <summary>Numbers of the adapters of a block.</summary>
    public static double Numbers(ModelConfig config, int rank) => 2.0 * rank * (config.NEmbd + config.NInner);

    /// <summary>A model with adapters in it, through which gradients flow to them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="pairs">The adapters.</param>
    /// <param name="scale">s.</param>
    public static CausalLm Added(CausalLm model, IEnumerable<AdapterPair> pairs, float scale) => pairs.Aggregate(model, (soFar, pair) =>
        pair.Matrix.With(soFar, map => map with { Additions = [new LowRank(pair.A, pair.B, scale)] }));

    /// <summary>The same as parameters of a tape.</summary>
    public AdapterPair On(Tape tape) => this with { A = tape.Parameter(A.Value), B = tape.Parameter(B.Value) };

    /// <summary>As an edit holds it.</summary>
    public IEnumerable<EditPart> Parts() => [Part(NameOfA(Matrix), A.Value), Part(NameOfB(Matrix), B.Value)];

    /// <summary>How many numbers a linear map reads and gives.</summary>
    private static (int Inputs, int Outputs) Widths(LinearWeights map)
    {
        Tensor weight = map.Matrices.Single().Value;
        return map.IsOutIn ? (weight.Columns, weight.Rows) : (weight.Rows, weight.Columns);
    }

    private static EditPart Part(string name, Tensor tensor) => new(name, [tensor.Rows, tensor.Columns], tensor.ToArray());

    private static string NameOfA(MlpMatrix matrix) => $"{matrix.Name}.A";

    private static string NameOfB(MlpMatrix matrix) => $"{matrix.Name}.B";
}
