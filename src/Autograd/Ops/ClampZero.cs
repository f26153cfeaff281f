using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

public static partial class Ops
{
    /// <summary>
    /// y = max(x, 0), element by element, whose gradient at 0 is that of what lies above it: weights that begin at zero can leave it, which
    /// behind <see cref="MaxZero"/> they never would.
    /// </summary>
    public static Variable ClampZero(Variable x) => Elementwise<MaxZeroOp, ClampZeroBackwardOp>(x);
}

/// <summary>dY where x is not negative, else 0.</summary>
internal readonly struct ClampZeroBackwardOp : IBinaryOp
{
    public static float Apply(float x, float dY) => x >= 0 ? dY : 0;

    public static Vector<float> Apply(Vector<float> x, Vector<float> dY) =>
        Vector.ConditionalSelect(Vector.GreaterThanOrEqual(x, Vector<float>.Zero), dY, Vector<float>.Zero);
}
