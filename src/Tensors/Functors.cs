using System.Numerics;

namespace Sharpformer.Tensors;

/// <summary>
/// y = f(x), element by element. A functor is a type, not an object: its static methods are inlined into the
/// device's loop. A device uses one form for all elements, so that an element gets the same bits wherever in the array
/// it stands: the CPU the vector form (it fills up the last register), others the scalar form, in plain arithmetic.
/// The two may round differently.
/// </summary>
public interface IUnaryOp
{
    /// <summary>One element.</summary>
    static abstract float Apply(float x);

    /// <summary>One SIMD register of elements, none of which depends on the others.</summary>
    static abstract Vector<float> Apply(Vector<float> x);
}

/// <summary>z = f(x, y), element by element; see <see cref="IUnaryOp"/>.</summary>
public interface IBinaryOp
{
    /// <summary>One element.</summary>
    static abstract float Apply(float x, float y);

    /// <summary>One SIMD register of elements.</summary>
    static abstract Vector<float> Apply(Vector<float> x, Vector<float> y);
}

/// <summary>w = f(x, y, z), element by element; see <see cref="IUnaryOp"/>.</summary>
public interface ITernaryOp
{
    /// <summary>One element.</summary>
    static abstract float Apply(float x, float y, float z);

    /// <summary>One SIMD register of elements.</summary>
    static abstract Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z);
}

/// <summary>A function of whole rows (layer norm, softmax, …); see <see cref="Device.Rows{TOp}"/>.</summary>
public interface IRowOp
{
    /// <summary>One row of every operand, on the CPU.</summary>
    static abstract void Apply(RowOperands row);

    /// <summary>
    /// The same on a GPU, by a group of threads. Only what ILGPU compiles may be called: no spans, no vectors, no objects.
    /// </summary>
    static abstract void Apply(GroupRow row);
}
