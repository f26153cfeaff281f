using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>
/// The gradient of an edit's mean negative log-likelihood, or of several edits' added up, as a network that makes edits is shown it.
/// </summary>
/// <param name="Edits">The edits.</param>
/// <param name="Rows">Those of each matrix that has a gradient, edit by edit.</param>
internal sealed record EditGradient(IReadOnlyList<EditTokens> Edits, IReadOnlyList<MatrixRows> Rows)
{
    /// <summary>The gradients of some edits, each alone.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">Say of which matrices, and whether at all positions.</param>
    /// <param name="edits">At least one.</param>
    /// <param name="cancellation">Stops it.</param>
    public static IReadOnlyList<EditGradient> Of(
        CausalLm model, TrainedSettings settings, IReadOnlyList<EditTokens> edits, CancellationToken cancellation)
    {
        IReadOnlyList<MlpMatrix> matrices = settings.Matrices;
        GradientRows[][] rows = GradientRows.Of(model, matrices, edits, settings.ReadsWholeText, cancellation);
        return [.. edits.Select((edit, e) => new EditGradient(
            [edit], [.. matrices.Zip(rows[e], (matrix, of) => MeanOf(matrix, of, edit)).Where(one => one.Inputs.Length > 0)]))];
    }

    /// <summary>The gradients of edits that make one change together.</summary>
    public static EditGradient Together(IReadOnlyList<EditGradient> gradients) => new(
        [.. gradients.SelectMany(one => one.Edits)],
        [
            .. gradients.SelectMany(one => one.Rows).GroupBy(rows => rows.Matrix).Select(rows => new MatrixRows(
                rows.Key, [.. rows.SelectMany(one => one.Inputs)], [.. rows.SelectMany(one => one.Gradients)])),
        ]);

    /// <summary>Rows are those of the sum over target tokens; their mean is wanted.</summary>
    private static MatrixRows MeanOf(MlpMatrix matrix, GradientRows rows, EditTokens edit)
    {
        float share = 1f / edit.Target.Length;
        return new MatrixRows(matrix, rows.Inputs, [.. rows.Gradients.Select(row => Array.ConvertAll(row, value => value * share))]);
    }
}

/// <summary>The rows of one matrix's gradient, dL/dW = Σ_t x_t·δ_tᵀ.</summary>
/// <param name="Matrix">The matrix.</param>
/// <param name="Inputs">x, T rows of <c>[in]</c>.</param>
/// <param name="Gradients">δ, T rows of <c>[out]</c>.</param>
internal sealed record MatrixRows(MlpMatrix Matrix, float[][] Inputs, float[][] Gradients)
{
    /// <summary>[x; δ] of each position.</summary>
    public float[][] Together() => [.. Inputs.Zip(Gradients, (x, delta) => (float[])[.. x, .. delta])];
}
