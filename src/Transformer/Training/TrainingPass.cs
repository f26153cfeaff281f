using Sharpformer.Autograd;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Transformer.Training;

/// <summary>The forward pass of training: whole sequences, no cache, a loss at every position that has a target.</summary>
internal static class TrainingPass
{
    /// <summary>The loss at each position that has a target, in their order: <c>[targets,1]</c>; null if there is none.</summary>
    /// <param name="model">Some of its weights may be parameters.</param>
    /// <param name="batch">What is read, and to be said.</param>
    /// <param name="sequences">How the batch lies in memory.</param>
    /// <param name="smoothing">See <see cref="CrossEntropy"/>.</param>
    /// <param name="recomputesBlocks">See <see cref="TrainingSettings.RecomputesBlocks"/>.</param>
    public static Variable? Losses(
        CausalLm model, TrainingBatch batch, WholeSequences sequences, float smoothing = 0, bool recomputesBlocks = false)
    {
        int[] rows = batch.RowsWithTarget();
        if (rows.Length == 0) return null;
        Variable h = sequences.Dropped(model.Embed(batch.Inputs, batch.Positions()), -1, DropoutSite.Embedding);
        for (int l = 0; l < model.Blocks.Count; l++)
        {
            (Block block, int layer) = (model.Blocks[l], l);
            h = recomputesBlocks
                ? Recomputed(h, [.. block.Weights], (x, weights) => With(block, weights).Forward(x, sequences, layer))
                : block.Forward(h, sequences, layer);
        }

        if (rows.Length < batch.Inputs.Length) h = Embedding(h, rows);
        return CrossEntropy(model.Logits(h), [.. rows.Select(row => batch.Targets[row])], smoothing);
    }

    private static Block With(Block block, IReadOnlyList<Variable> weights)
    {
        int next = 0;
        return block.With(_ => weights[next++]);
    }
}
