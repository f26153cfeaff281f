using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors.LinearAlgebra;

/// <summary>
/// The uncentred second moment C = E[k·kᵀ] of vectors k that stream by, summed in float64. A product of two float32 is
/// exact there, and each sum is a single chain in the order of the vectors: its bits are those of adding one vector after
/// another, however they were cut into tiles, whichever machine and however many threads did it, and whether or not the sum
/// was saved and loaded again in between.
/// </summary>
/// <param name="size">m, numbers of a vector.</param>
public sealed unsafe partial class SecondMoment(int size)
{
    /// <summary>What part of its mean is usually added to the diagonal of C before it is factored.</summary>
    public const double DefaultRidge = 1e-4;

    private readonly SymmetricMatrix sum = new(size);

    /// <summary>m, numbers of a vector.</summary>
    public int Size => sum.Size;

    /// <summary>n, vectors so far.</summary>
    public long Count { get; private set; }

    /// <summary>Adds vectors; a few hundred at a time are fastest.</summary>
    /// <param name="vectors">[n,m] row-major.</param>
    /// <param name="device">Whose threads share the work.</param>
    /// <exception cref="ArgumentException">They are no whole number of rows.</exception>
    /// <exception cref="InputException">One is infinite or no number; none was added then.</exception>
    public void Add(ReadOnlySpan<float> vectors, CpuDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (vectors.Length % Size != 0) throw new ArgumentException($"{vectors.Length} numbers are no rows of {Size}.", nameof(vectors));
        Check(vectors);

        int rows = vectors.Length / Size, strips = Syrk.Strips(Size);
        HostBlock packed = device.Pool.Rent(sizeof(double) * (long)sum.Stride * Math.Min(Syrk.Depth, rows));
        double* strip = (double*)packed.Pointer;
        fixed (float* from = vectors)
        fixed (double* to = sum.Values)
        {
            for (int row = 0; row < rows; row += Syrk.Depth)
            {
                int depth = Math.Min(Syrk.Depth, rows - row);
                device.Work.Run(strips, new Packing(from + (long)row * Size, depth, Size, strip));
                Syrk.AddLower(strip, strip, depth, to, sum.Stride, strips, device.Work);
            }
        }

        device.Pool.Return(packed);
        Count += rows;
    }

    /// <summary>C, the sum over n, with a part of its mean diagonal added to the diagonal.</summary>
    /// <param name="ridge">ε in C + ε·(trace C / m)·I: 0 for C itself, or <see cref="DefaultRidge"/>.</param>
    /// <exception cref="InvalidOperationException">No vector was added.</exception>
    /// <exception cref="OutOfMemoryException">The machine has no room for it.</exception>
    public SymmetricMatrix Mean(double ridge = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ridge);
        if (Count == 0) throw new InvalidOperationException("The mean of no vectors. Hint: Add some first.");
        var mean = new SymmetricMatrix(Size);
        for (int row = 0; row < Size; row++)
        {
            Span<double> to = mean.LowerRow(row);
            ReadOnlySpan<double> from = sum.LowerRow(row);
            for (int i = 0; i < to.Length; i++) to[i] = from[i] / Count;
        }

        if (ridge > 0) mean.AddToDiagonal(ridge * mean.Trace() / Size);
        return mean;
    }

    private void Check(ReadOnlySpan<float> vectors)
    {
        for (int i = 0; i < vectors.Length; i++)
        {
            if (float.IsFinite(vectors[i])) continue;
            throw new InputException(
                $"Vector {Count + i / Size} of a second moment holds {vectors[i]} at {i % Size}, expected finite numbers.",
                "are the weights of the model damaged?");
        }
    }

    /// <summary>Widens strips of columns of the vectors, [n,m] to [strips][n][12].</summary>
    private readonly struct Packing(float* vectors, int depth, int size, double* packed) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long strip = start; strip < end; strip++)
            {
                int first = (int)strip * Syrk.StripRows, columns = Math.Min(Syrk.StripRows, size - first);
                double* to = packed + strip * depth * Syrk.StripRows;
                float* from = vectors + first;
                for (int row = 0; row < depth; row++, from += size, to += Syrk.StripRows)
                {
                    for (int i = 0; i < Syrk.StripRows; i++) to[i] = i < columns ? from[i] : 0;
                }
            }
        }
    }
}
