using System.Numerics;
using System.Runtime.InteropServices;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Adapters;

/// <summary>
/// A product of two narrow matrices that is added to a stored one. Each element is summed by itself in the order of the rank, so that
/// every machine and every number of threads comes to the same bits.
/// </summary>
/// <param name="Left"><c>[rows,r]</c>.</param>
/// <param name="Right"><c>[r,columns]</c>.</param>
/// <param name="Rank">r.</param>
/// <param name="Columns">Columns of the stored matrix.</param>
/// <param name="Scale">What the product is multiplied with.</param>
internal sealed record LoraFactors(float[] Left, float[] Right, int Rank, int Columns, float Scale)
{
    /// <summary>Reads a pair's matrices.</summary>
    /// <param name="file">Its file.</param>
    /// <param name="pair">The pair.</param>
    /// <param name="isInOut">Whether the stored matrix has its inputs as rows.</param>
    /// <exception cref="InputException">A number is NaN or infinite.</exception>
    public static LoraFactors Read(ITensorFile file, LoraPair pair, bool isInOut)
    {
        float[] a = Floats(file, pair.A), b = Floats(file, pair.B); // [r,in] and [out,r]
        int rank = (int)file.Info(pair.A).Shape[0];
        return isInOut
            ? new LoraFactors(Turned(a, rank), Turned(b, b.Length / rank), rank, b.Length / rank, pair.Scale)
            : new LoraFactors(b, a, rank, a.Length / rank, pair.Scale);
    }

    /// <summary>Adds the product to a part of the stored matrix.</summary>
    /// <param name="values">Elements in row-major order; changed.</param>
    /// <param name="start">Which element of the matrix the first one is.</param>
    public void AddTo(Span<float> values, long start)
    {
        float[] room = new float[Math.Min(Columns, values.Length)];
        for (int done = 0; done < values.Length;)
        {
            (long row, long column) = Math.DivRem(start + done, Columns);
            Span<float> sum = room.AsSpan(0, (int)Math.Min(Columns - column, values.Length - done));
            sum.Clear();
            for (int k = 0; k < Rank; k++)
                AddScaled(Left[row * Rank + k], Right.AsSpan((int)(k * (long)Columns + column), sum.Length), sum);
            AddScaled(Scale, sum, values.Slice(done, sum.Length));
            done += sum.Length;
        }
    }

    private static float[] Floats(ITensorFile file, string name)
    {
        TensorInfo info = file.Info(name);
        if (info.Count > Array.MaxLength)
            throw new InputException($"{file.Path}, tensor {info}: expected at most {Array.MaxLength} numbers.");
        float[] values = new float[info.Count];
        file.ReadFloats(name, 0, values);
        int odd = Array.FindIndex(values, value => !float.IsFinite(value));
        return odd < 0 ? values : throw new InputException(
            $"{file.Path}, tensor {info}: element {odd} is {values[odd]}, expected a finite number.", "was the training stable?");
    }

    private static float[] Turned(float[] matrix, int rows)
    {
        int columns = matrix.Length / rows;
        float[] turned = new float[matrix.Length];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) turned[j * rows + i] = matrix[i * columns + j];
        return turned;
    }

    /// <summary>sum += factor · values, each product rounded before it is added.</summary>
    private static void AddScaled(float factor, ReadOnlySpan<float> values, Span<float> sum)
    {
        ReadOnlySpan<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(values);
        Span<Vector<float>> wideSum = MemoryMarshal.Cast<float, Vector<float>>(sum);
        for (int j = 0; j < wide.Length; j++) wideSum[j] += wide[j] * factor;
        for (int j = wide.Length * Vector<float>.Count; j < sum.Length; j++) sum[j] += values[j] * factor;
    }
}
