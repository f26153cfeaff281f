using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Gradients;

/// <summary>
/// What one edit's gradient of a matrix consists of: dL/dW = Σ_t x_t·δ_tᵀ, x being what the linear map reads at a position and δ = dL/dy
/// the gradient of what it gives there. A few rows at best, where the matrix has millions of numbers.
/// </summary>
/// <param name="Inputs">x, one row of <c>[in]</c> for each position.</param>
/// <param name="Gradients">δ, one row of <c>[out]</c> for each position.</param>
internal sealed record GradientRows(float[][] Inputs, float[][] Gradients)
{
    /// <summary>The rows of some edits, L being the sum of the negative log-likelihoods of an edit's target tokens.</summary>
    /// <param name="model">The model.</param>
    /// <param name="matrices">Whose gradients; nothing below the lowest of them is differentiated.</param>
    /// <param name="edits">At least one. They do not touch one another.</param>
    /// <param name="wholeText">
    /// Whether rows of all positions are wanted, but for those where x or δ is zero; otherwise those from which a target token is
    /// predicted.
    /// </param>
    /// <param name="cancellation">Checked between passes.</param>
    /// <returns>By edit, then by matrix.</returns>
    public static GradientRows[][] Of(
        CausalLm model, IReadOnlyList<MlpMatrix> matrices, IReadOnlyList<EditTokens> edits, bool wholeText, CancellationToken cancellation)
    {
        var all = new GradientRows[edits.Count][];
        foreach (int[] some in TokenBatch.SimilarLengths([.. edits.Select(edit => edit.Input.Length)]))
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = model.Device.Scope();
            var seen = new (Variable X, Variable Y)[matrices.Count];
            CausalLm watched = model;
            for (int m = 0; m < matrices.Count; m++)
            {
                int place = m;
                watched = matrices[m].With(watched, linear => linear with { Watch = (x, y) => seen[place] = (x, y) });
            }

            EditTokens[] chunk = [.. some.Select(e => edits[e])];
            var texts = new AnswerTexts(model, matrices.Min(matrix => matrix.Layer), chunk);
            var tape = new Tape();
            tape.Backward(Ops.Sum(texts.TokenLosses(watched, tape)));
            GradientRows[][] byMatrix = [.. seen.Select((one, m) =>
            {
                // The last block computes only the rows that are asked for.
                bool isLast = matrices[m].Layer == model.Blocks.Count - 1;
                return Split(one.X.Value, one.Y.Gradient!, isLast ? null : texts.Tokens.T, texts.Rows, chunk, wholeText);
            })];
            for (int i = 0; i < some.Length; i++) all[some[i]] = [.. byMatrix.Select(rows => rows[i])];
        }

        return all;
    }

    /// <summary>Shares out a pass's rows over its edits.</summary>
    /// <param name="inputs"><c>[B·T,in]</c>, or the rows that were asked for.</param>
    /// <param name="gradients">As many of <c>[out]</c>.</param>
    /// <param name="T">Positions of each edit; null where there are only those asked for.</param>
    /// <param name="asked">The rows of <c>[B·T]</c> that were asked for.</param>
    /// <param name="edits">The edits.</param>
    /// <param name="wholeText">Whether rows of all positions are wanted.</param>
    private static GradientRows[] Split(Tensor inputs, Tensor gradients, int? T, int[] asked, EditTokens[] edits, bool wholeText)
    {
        float[][] x = [.. inputs.ToArray().Chunk(inputs.Columns)], delta = [.. gradients.ToArray().Chunk(gradients.Columns)];
        int first = 0;
        return [.. edits.Select((edit, b) =>
        {
            Range own = first..(first += edit.Target.Length);
            IEnumerable<int> rows = T is not { } length ? Enumerable.Range(own.Start.Value, edit.Target.Length)
                : wholeText ? Enumerable.Range(b * length, edit.Input.Length)
                : asked[own];
            if (wholeText) rows = rows.Where(row => Array.Exists(x[row], v => v != 0) && Array.Exists(delta[row], v => v != 0));
            int[] wanted = [.. rows];
            return new GradientRows([.. wanted.Select(row => x[row])], [.. wanted.Select(row => delta[row])]);
        })];
    }
}
