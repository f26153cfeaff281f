namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// y = x·W + b with W stored <c>[in,out]</c>, as GPT-2 stores it: x <c>[…,in]</c>, bias <c>[out]</c>,
    /// y <c>[rows,out]</c>.
    /// </summary>
    /// <exception cref="ArgumentException">Inner dimensions differ, or the bias is not one row of y.</exception>
    public static Variable Linear(Variable x, Variable weight, Variable bias)
    {
        ArgumentNullException.ThrowIfNull(bias);
        Variable y = MatMul(x, weight);
        CheckRepeats("Linear", y.Shape, bias.Shape);
        y.Device.Map<AddOp>(y.Value, bias.Value, y.Value); // in place: nobody else has seen the product
        return RecordAdd(y, bias, y.Value);
    }
}
