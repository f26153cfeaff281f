using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>
/// The change of one block's second MLP matrix by batches of edits, W += D·(λI + Kᵀ·D)⁻¹·Rᵀ with a column of K, D and R for each edit: the
/// solution of size m×m in the form that needs E×E only, in float64. Its bits depend on the edits alone.
/// </summary>
internal sealed class LayerChange
{
    private readonly CausalLm model;
    private readonly int layer;
    private readonly CpuDevice host;
    private Tensor? weight;

    /// <summary>Nothing is changed yet.</summary>
    /// <param name="model">The model, which stays as it is.</param>
    /// <param name="layer">The block.</param>
    /// <param name="host">Whose threads share the work.</param>
    public LayerChange(CausalLm model, int layer, CpuDevice host) => (this.model, this.layer, this.host) = (model, layer, host);

    /// <summary>Refuses blocks that there are not.</summary>
    /// <param name="method">The method as messages call it.</param>
    /// <param name="layer">The last block that it is to change.</param>
    /// <param name="layers">How many.</param>
    /// <exception cref="InputException">There is none, or the first lies below block 0.</exception>
    public static void CheckBlocks(string method, int layer, int layers)
    {
        if (layers >= 1 && layers <= layer + 1) return;
        throw new InputException(
            $"{method} is to edit {layers} blocks, the last being block {layer}, expected 1 to {layer + 1} blocks.");
    }

    /// <summary>Operations of one batch's change: the products of its columns, the solution and the change itself.</summary>
    /// <param name="columns">Of the batch.</param>
    /// <param name="m">Numbers of a key.</param>
    /// <param name="C">Numbers of a residual.</param>
    public static double Flops(double columns, double m, double C) =>
        (columns * columns * m) + (2 * columns * m * C) + LocatingCosts.Solving(columns, C);

    /// <summary>The model with the changes so far.</summary>
    public CausalLm Model
    {
        get
        {
            if (weight is null) return model;
            Block block = model.Blocks[layer];
            return model.WithBlock(layer, block with { Mlp = block.Mlp with { Down = block.Mlp.Down with { Matrices = [weight] } } });
        }
    }

    /// <summary>Adds one batch's change.</summary>
    /// <param name="batch">Its edits, at least one.</param>
    /// <param name="ridge">λ.</param>
    public void Add(IReadOnlyList<EditColumn> batch, double ridge) => Add([], [batch], [ridge]);

    /// <summary>
    /// Adds the changes of batches each of which leaves the answers of those before it as they are: it is solved with their columns, whose
    /// own residual is zero in it.
    /// </summary>
    /// <param name="earlier">The columns of earlier batches, which have been added.</param>
    /// <param name="batches">Batches of at least one edit.</param>
    /// <param name="ridges">λ of each.</param>
    public void Add(IReadOnlyList<EditColumn> earlier, IReadOnlyList<IReadOnlyList<EditColumn>> batches, IReadOnlyList<double> ridges)
    {
        EditColumn[] all = [.. earlier, .. batches.SelectMany(batch => batch)];
        float[][] duals = [.. all.Select(column => column.Dual)];
        SymmetricMatrix gram = RowProducts.SymmetricPart([.. all.Select(column => column.Key)], duals, host);
        Cholesky? factor = null;
        int end = earlier.Count;
        for (int b = 0; b < batches.Count; b++)
        {
            int first = end;
            end += batches[b].Count;
            if (factor is null || ridges[b] != ridges[b - 1]) // the factor of fewer columns is the beginning of that of all
                factor = Cholesky.Factor(gram, host, ridges[b]);
            Add(RowProducts.Combine(duals[..end], factor.Solve(Residuals(batches[b], first), end), Down.IsOutIn, host));
        }
    }

    private LinearWeights Down => model.Blocks[layer].Mlp.Down;

    /// <summary>Rᵀ as right-hand sides, <c>[C,first + E]</c>: zero for the columns before the batch.</summary>
    private static double[] Residuals(IReadOnlyList<EditColumn> batch, int first)
    {
        int C = batch[0].Residual.Length, count = first + batch.Count;
        double[] rows = new double[(long)C * count];
        for (int e = 0; e < batch.Count; e++)
            for (int c = 0; c < C; c++) rows[(long)c * count + first + e] = batch[e].Residual[c];
        return rows;
    }

    private void Add(float[] delta)
    {
        weight ??= Down.Matrices.Single().Value.Float32Copy(outlivesScopes: true);
        ChangedWeight.Add(weight, delta);
    }
}
