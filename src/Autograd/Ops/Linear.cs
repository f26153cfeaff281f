namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// y = x·W + b with W stored <c>[in,out]</c>, as GPT-2 stores it: x <c>[…,in]</c>, bias <c>[out]</c>,
    /// y <c>[rows,out]</c>.
    /// </summary>
    public static Variable Linear(Variable x, Variable weight, Variable bias) => Add(MatMul(x, weight), bias);
}
