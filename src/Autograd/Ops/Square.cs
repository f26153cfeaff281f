namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>y = x², element by element.</summary>
    public static Variable Square(Variable x) => Multiply(x, x);
}
