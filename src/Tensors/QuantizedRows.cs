using System.Runtime.ExceptionServices;

namespace Sharpformer.Tensors;

/// <summary>A matrix of a file as Q8. It is read row by row, once for the scales and again to be rounded, and never whole.</summary>
internal sealed class QuantizedRows
{
    private readonly ITensorFile file;
    private readonly TensorInfo info;
    private readonly int columns, rowsAtOnce;
    private readonly float[] scales;

    /// <summary>Finds the scales.</summary>
    /// <exception cref="InputException">A number is not finite.</exception>
    public QuantizedRows(ITensorFile file, TensorInfo info)
    {
        (this.file, this.info) = (file, info);
        Shape shape = info.EngineShape(file.Path);
        columns = shape.Columns;
        rowsAtOnce = Math.Max(1, (1 << 16) / Math.Max(1, columns));
        scales = new float[shape.Rows];
        ForEachRun((first, count, values) =>
        {
            for (int r = 0; r < count; r++)
            {
                scales[first + r] = RowQuantizer.Scale(values.AsSpan(r * columns, columns));
                if (!float.IsFinite(scales[first + r])) throw NotFinite(first + r, values.AsSpan(r * columns, columns));
            }
        });
    }

    /// <summary>One for each row.</summary>
    public Span<float> Scales => scales;

    /// <summary>Elements from <paramref name="start"/> on.</summary>
    public void Quantize(long start, Span<sbyte> to)
    {
        float[] values = new float[to.Length];
        file.ReadFloats(info.Name, start, values);
        for (int done = 0; done < to.Length;)
        {
            int run = (int)Math.Min(to.Length - done, columns - (start + done) % columns);
            RowQuantizer.Quantize(values.AsSpan(done, run), scales[(start + done) / columns], to[done..]);
            done += run;
        }
    }

    /// <summary>All elements, by all processors.</summary>
    public unsafe void QuantizeAll(sbyte* to) => ForEachRun((first, count, values) =>
    {
        for (int r = 0; r < count; r++)
        {
            var row = new Span<sbyte>(to + (first + r) * (long)columns, columns);
            RowQuantizer.Quantize(values.AsSpan(r * columns, columns), scales[first + r], row);
        }
    });

    /// <summary>Some rows at a time, on several threads.</summary>
    private void ForEachRun(Action<int, int, float[]> action)
    {
        try
        {
            Parallel.For(0, (scales.Length + rowsAtOnce - 1) / rowsAtOnce, run =>
            {
                int first = run * rowsAtOnce, count = Math.Min(rowsAtOnce, scales.Length - first);
                float[] values = new float[count * columns];
                file.ReadFloats(info.Name, (long)first * columns, values);
                action(first, count, values);
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<InputException>().FirstOrDefault() is { } told)
        {
            ExceptionDispatchInfo.Throw(told); // a number that is not finite
        }
    }

    private InputException NotFinite(int row, ReadOnlySpan<float> values)
    {
        int column = 0;
        while (float.IsFinite(values[column])) column++;
        return new InputException(
            $"{file.Path}, tensor {info}: element [{row},{column}] is {values[column]}, expected a finite number to round to Q8.",
            "is the checkpoint damaged? 'model verify' looks at every number.");
    }
}
