using Sharpformer.Autograd;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Wise;

/// <summary>
/// D: how far a memory moves what an MLP gives, the mean over a prompt's tokens of <c>‖φ(x·W₀) - φ(x·W')‖</c>, with x as the base model
/// has it and φ its activation.
/// </summary>
internal static class Movement
{
    private const float SmallSquare = 1e-6f; // a root has no slope at 0

    /// <summary>D of each memory for each prompt, <c>[prompts,memories]</c>.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="block">The block, 0-based.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="deltas">W' - W₀ of each memory, <c>[m,C]</c>.</param>
    /// <param name="cancellation">Checked between batches.</param>
    public static Tensor Read(
        CausalLm model, int block, IReadOnlyList<int[]> prompts, IReadOnlyList<Tensor> deltas, CancellationToken cancellation = default)
    {
        MlpWeights mlp = model.Blocks[block].Mlp;
        return PromptStates.Of(model, block, Site.MlpHidden, prompts, (x, tokens) =>
        {
            float[] moved = new float[tokens.B * deltas.Count];
            Tensor plain = mlp.Down.Forward(x).Value, before = Ops.Activate(plain, mlp.Activation).Value;
            for (int i = 0; i < deltas.Count; i++)
            {
                using BufferScope scope = x.Device.Scope();
                float[] means = PromptStates.MeanOf(
                    x.Device.From(Lengths(Squares(x, plain, before, deltas[i], mlp.Activation).Value.ToArray()), x.Rows, 1), tokens);
                for (int b = 0; b < tokens.B; b++) moved[(b * deltas.Count) + i] = means[b];
            }

            return moved;
        }, cancellation);
    }

    /// <summary>The same for rows of x, as something to train by: one number each.</summary>
    /// <param name="x">Rows of the MLP's hidden channels, <c>[R,m]</c>.</param>
    /// <param name="mlp">The MLP in the base model.</param>
    /// <param name="delta">W' - W₀.</param>
    public static Variable OfRows(Tensor x, MlpWeights mlp, Variable delta)
    {
        Tensor plain = mlp.Down.Forward(x).Value;
        Variable squares = Squares(x, plain, Ops.Activate(plain, mlp.Activation).Value, delta, mlp.Activation);
        return Ops.Multiply(squares, Ops.InverseRoot(Ops.Add(squares, x.Device.From([SmallSquare], 1))));
    }

    private static Variable Squares(Tensor x, Tensor plain, Tensor before, Variable delta, Activation activation)
    {
        Variable after = Ops.Activate(Ops.Add(Ops.MatMul(x, delta), plain), activation);
        Variable moved = Ops.Subtract(after, before);
        return Ops.Dot(moved, moved);
    }

    private static float[] Lengths(float[] squares) => [.. squares.Select(MathF.Sqrt)];
}
