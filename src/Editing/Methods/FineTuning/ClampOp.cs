using System.Numerics;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.FineTuning;

/// <summary>x, or the end of [-ε, ε] that it lies beyond.</summary>
internal readonly struct ClampOp : IBinaryOp
{
    public static float Apply(float x, float limit) => x > limit ? limit : x < -limit ? -limit : x;

    public static Vector<float> Apply(Vector<float> x, Vector<float> limit) => Vector.Min(Vector.Max(x, -limit), limit);
}
