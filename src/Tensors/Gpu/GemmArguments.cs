using ILGPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// A factor of a product as the kernels read it, whichever side it stands on: element (k, x), where k is summed over and x is a
/// row of A or a column of B.
/// </summary>
internal readonly struct GemmFactor
{
    private GemmFactor(in MatrixView view, ArrayView<byte> data, bool left)
    {
        (K, X) = left ? (view.Columns, view.Rows) : (view.Rows, view.Columns);
        (KStride, XStride) = left ? (view.ColumnStride, view.RowStride) : (view.RowStride, view.ColumnStride);
        (Data, Starts, IsAligned) = (data, new BatchStarts(view), Alignment(view));
    }

    /// <summary>The elements as bytes of their storage type.</summary>
    public ArrayView<byte> Data { get; }

    /// <summary>The first element of each matrix of the batch.</summary>
    public BatchStarts Starts { get; }

    public int K { get; }

    public int X { get; }

    public int KStride { get; }

    public int XStride { get; }

    /// <summary>1 where every fourth element from the first on starts a vector.</summary>
    public int IsAligned { get; }

    /// <summary>A <c>[M,K]</c>, in bytes.</summary>
    public static GemmFactor Left(in MatrixView a, ArrayView<byte> data) => new(a, data, true);

    /// <summary>B <c>[K,N]</c>, in bytes.</summary>
    public static GemmFactor Right(in MatrixView b, ArrayView<byte> data) => new(b, data, false);

    /// <summary>
    /// Whether vectors of four elements may be read from a view: all its rows (or columns, where those
    /// are adjacent) start on one.
    /// </summary>
    public static int Alignment(in MatrixView view)
    {
        int lead = view.ColumnStride == 1 ? view.RowStride : view.ColumnStride;
        long misplaced = view.Tensor.Offset | view.Offset | (uint)lead | (view.Outer > 1 ? view.OuterStride : 0)
            | (view.Inner > 1 ? view.InnerStride : 0);
        return (misplaced & 3) == 0 ? 1 : 0;
    }

    /// <summary>Element (k, x) of the matrix that starts at <paramref name="start"/>.</summary>
    public float At<TStored>(long start, int k, int x) where TStored : struct, IStored =>
        TStored.At(Data, start + k * (long)KStride + x * (long)XStride);
}

/// <summary>
/// Products C (+)= A·B. Every kernel sums an element in the same way, so that it has the same bits whichever takes the product: the
/// terms in chains of <see cref="Chain"/>, one after the other, and the chains' sums in their order. A chain is what a thread can
/// do alone; several make work for many threads where M and N are small.
/// </summary>
internal struct GemmArguments
{
    /// <summary>Terms of a chain.</summary>
    public const int Chain = 128;

    public GemmFactor A, B;

    /// <summary>C, or the sums of single chains where <see cref="ChainStride"/> says so.</summary>
    public GemmTarget C;

    public int M, N, K, Matrices;

    /// <summary>1: C holds a summand.</summary>
    public int Accumulate;

    /// <summary>
    /// Groups that share a tile, each taking <see cref="ChainsPerPart"/> chains; they leave adding them up to another kernel.
    /// </summary>
    public int Parts, ChainsPerPart;

    /// <summary>Elements between the places of a chain's sums and the next's; 0 where they are added to C at once.</summary>
    public long ChainStride;

    /// <summary>Chains of an element.</summary>
    public readonly int Chains => (K + Chain - 1) / Chain;
}

/// <summary>Where products go: columns are adjacent unless the plain kernel is chosen.</summary>
internal readonly struct GemmTarget
{
    public GemmTarget(in MatrixView view, ArrayView<float> data)
    {
        (Data, Starts) = (data, new BatchStarts(view));
        (RowStride, ColumnStride, IsAligned) = (view.RowStride, view.ColumnStride, GemmFactor.Alignment(view));
    }

    /// <summary>
    /// Dense rows of <paramref name="columns"/>; matrices <paramref name="matrixStride"/> elements, a number of rows, apart.
    /// </summary>
    public GemmTarget(ArrayView<float> data, int columns, long matrixStride)
    {
        (Data, Starts) = (data, new BatchStarts(matrixStride));
        (RowStride, ColumnStride, IsAligned) = (columns, 1, (columns & 3) == 0 ? 1 : 0);
    }

    public ArrayView<float> Data { get; }

    /// <summary>The first element of each matrix of the batch.</summary>
    public BatchStarts Starts { get; }

    public int RowStride { get; }

    public int ColumnStride { get; }

    /// <summary>1 where every fourth element of a row starts a vector.</summary>
    public int IsAligned { get; }
}
