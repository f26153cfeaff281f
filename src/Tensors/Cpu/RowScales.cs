using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// The scales of <see cref="DType.Q8"/> weights: one for each row of the matrix that was stored. They go with the storage and are found
/// by an element's place in it, so that slices and other shapes of the same elements keep theirs.
/// </summary>
/// <param name="values">A float32 for each row.</param>
/// <param name="columns">Elements of a stored row.</param>
internal sealed unsafe class RowScales(MappedBytes values, int columns)
{
    // The owner of this memory is kept by the field, and this object by the storage.
    private float* Values => (float*)values.Pointer;

    /// <summary>Widens elements from <paramref name="start"/> on, counted from the storage's first: q·s.</summary>
    public void Widen(sbyte* data, long start, long count, float* to)
    {
        for (long end = start + count; start < end;)
        {
            long row = start / columns, run = Math.Min(end, (row + 1) * columns) - start;
            WidenRow((byte*)data + start, Values[row], to, run);
            start += run;
            to += run;
        }
    }

    /// <summary>The scales of a view's rows, where these are stored rows or parts of them; null where they are not.</summary>
    public float* OfRows(in MatrixView view)
    {
        long first = view.Tensor.Offset + view.Offset;
        bool isRows = (view.Rows == 1 || view.RowStride == columns)
            && first % columns + (view.Columns - 1) * (long)view.ColumnStride < columns;
        return isRows ? Values + first / columns : null;
    }

    /// <summary>y = x·s, number by number.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static void Multiply(float* x, long xStride, float* scales, float* y, long yStride, long count)
    {
        long i = 0;
        if (xStride == 1 && yStride == 1)
            for (; i <= count - 8; i += 8) (Vector256.Load(x + i) * Vector256.Load(scales + i)).Store(y + i);
        for (; i < count; i++) y[i * yStride] = x[i * xStride] * scales[i];
    }

    /// <summary>y += x·s, number by number, both rounded.</summary>
    [MethodImpl(Loop.OfItsOwn)]
    public static void MultiplyAdd(float* x, long xStride, float* scales, float* y, long yStride, long count)
    {
        long i = 0;
        if (xStride == 1 && yStride == 1)
            for (; i <= count - 8; i += 8) (Vector256.Load(y + i) + Vector256.Load(x + i) * Vector256.Load(scales + i)).Store(y + i);
        for (; i < count; i++) y[i * yStride] += x[i * xStride] * scales[i];
    }

    [MethodImpl(Loop.OfItsOwn)]
    private static void WidenRow(byte* source, float scale, float* to, long count)
    {
        Vector256<float> scales = Vector256.Create(scale);
        long i = 0;
        for (; i <= count - 8; i += 8) (ElementInt8.LoadEight(source + i) * scales).Store(to + i);
        for (; i < count; i++) to[i] = ElementInt8.Load(source + i) * scale;
    }
}
