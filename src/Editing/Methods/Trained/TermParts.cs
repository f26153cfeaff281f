using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>
/// What an edit by <see cref="RankTerms"/> consists of: <c>45.mlp.c_fc.x</c> <c>[terms,in]</c> and <c>45.mlp.c_fc.d</c> <c>[terms,out]</c>
/// for each changed matrix; none for one that it leaves as it is.
/// </summary>
internal static class TermParts
{
    /// <summary>The parts of an edit's changes.</summary>
    public static IEnumerable<EditPart> Of(IEnumerable<RankTerms> changes) => changes.SelectMany(change => (EditPart[])
    [
        new(LeftOf(change.Matrix), [change.Left.Value.Rows, change.Left.Value.Columns], change.Left.Value.ToArray()),
        new(RightOf(change.Matrix), [change.Right.Value.Rows, change.Right.Value.Columns], change.Right.Value.ToArray()),
    ]);

    /// <summary>The model with the terms of every active edit added, one after the other.</summary>
    public static CausalLm Apply(CausalLm model, IReadOnlyList<Edit> edits)
    {
        Device device = model.Device;
        Edit[] active = [.. edits.Where(edit => edit.Status == EditStatus.Active)];
        foreach (MlpMatrix matrix in active.SelectMany(edit => ((TrainedSettings)edit.Settings).Matrices).Distinct())
        {
            Edit[] changing = [.. active.Where(edit => edit.Part(LeftOf(matrix)) is not null)];
            if (changing.Length == 0) continue;
            LinearWeights map = matrix.Of(model);
            Tensor weight = map.Matrices.Single().Value.Float32Copy(outlivesScopes: true);
            foreach (Edit edit in changing)
            {
                using BufferScope scope = device.Scope();
                Tensor left = Loaded(edit, LeftOf(matrix), device), right = Loaded(edit, RightOf(matrix), device);
                (Tensor rows, Tensor columns) = map.IsOutIn ? (right, left) : (left, right);
                device.Gemm(MatrixView.Of(rows).Transposed, columns, weight, accumulate: true);
            }

            model = matrix.With(model, linear => linear with { Matrices = [weight] });
        }

        return model;
    }

    /// <summary>What keeps an edit's parts from being those of its settings; null where nothing does.</summary>
    public static string? Misfit(Edit edit, TrainedSettings settings, int nEmbd)
    {
        foreach (MlpMatrix matrix in settings.Matrices)
        {
            if (edit.Part(LeftOf(matrix)) is not { } left) continue;
            if (left.Shape is not [var terms, var inputs] || (matrix.IsUp && inputs != nEmbd))
                return $"part '{left.Name}' is [{string.Join(',', left.Shape)}], expected [terms,{(matrix.IsUp ? nEmbd : "in")}]";
            if (edit.Part(RightOf(matrix)) is not { Shape: [var others, var outputs] } || others != terms
                || (!matrix.IsUp && outputs != nEmbd))
                return $"it has no part '{RightOf(matrix)}' of [{terms},{(matrix.IsUp ? "out" : nEmbd)}]";
        }

        return settings.Matrices.Any(matrix => edit.Part(LeftOf(matrix)) is not null) ? null
            : $"it has no part '{LeftOf(settings.Matrices[0])}' nor that of another matrix";
    }

    private static string LeftOf(MlpMatrix matrix) => $"{matrix.Name}.x";

    private static string RightOf(MlpMatrix matrix) => $"{matrix.Name}.d";

    private static Tensor Loaded(Edit edit, string name, Device device) => edit.Part(name) is { } part
        ? device.From(part.Values, [.. part.Shape])
        : throw new ArgumentException($"{edit.Method}: edit {edit.Id} has no part '{name}'.");
}
