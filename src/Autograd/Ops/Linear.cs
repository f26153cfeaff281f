namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>y = x·W + b with one W <c>[in,out]</c>.</summary>
    /// <exception cref="ArgumentException">Inner dimensions differ, or the bias is not one row of y.</exception>
    public static Variable Linear(Variable x, Variable weight, Variable bias) => Linear(x, [weight], bias);

    /// <summary>
    /// y = x·W + b: x <c>[…,in]</c>, y <c>[rows,out]</c>, with W stored <c>[in,out]</c> as GPT-2 stores it, or
    /// <c>[out,in]</c> with <paramref name="transposeWeights"/>. Several weights give their outputs side by side.
    /// </summary>
    /// <param name="x">Input.</param>
    /// <param name="weights">W, or the parts of it.</param>
    /// <param name="bias">b <c>[out]</c>; null for none.</param>
    /// <param name="transposeWeights">Whether the weights are stored <c>[out,in]</c>.</param>
    /// <param name="additions">What is added to the weights, see <see cref="LowRank"/>; null for nothing.</param>
    /// <exception cref="ArgumentException">Inner dimensions differ, or the bias is not one row of y.</exception>
    public static Variable Linear(
        Variable x, IReadOnlyList<Variable> weights, Variable? bias, bool transposeWeights = false,
        IReadOnlyList<LowRank?>? additions = null)
    {
        Variable y = MatMul(x, weights, transposeWeights, additions ?? []);
        if (bias is null) return y;
        CheckRepeats("Linear", y.Shape, bias.Shape);
        y.Device.Map<AddOp>(y.Value, bias.Value, y.Value); // in place: nobody else has seen the product
        return RecordAdd(y, bias, y.Value);
    }
}
