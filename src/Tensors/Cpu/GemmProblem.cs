namespace Sharpformer.Tensors.Cpu;

/// <summary>The micro-kernels, by the width of their registers.</summary>
internal enum GemmKernel
{
    Vector128,
    Vector256,
    Vector512,
}

/// <summary>A batch of products C[M,N] (+)= A[M,K]·B[K,N] with its memory addresses.</summary>
internal readonly unsafe struct GemmBatch(
    in MatrixView a, in MatrixView b, in MatrixView c, float* aData, byte* bData, float* cData, bool accumulate, bool finiteF16)
{
    private readonly MatrixView a = a, b = b, c = c;
    private readonly float* aData = aData + a.Offset;
    private readonly byte* bData = bData + b.Offset * b.Tensor.DType.Size();
    private readonly float* cData = cData + c.Offset;

    public long Count => (long)a.Outer * a.Inner;

    /// <summary>Multiplications in one product.</summary>
    public long Work => (long)a.Rows * a.Columns * b.Columns;

    public GemmProblem this[long index]
    {
        get
        {
            long outer = index / a.Inner, inner = index % a.Inner;
            DType dtype = b.Tensor.DType;
            return new GemmProblem
            {
                M = a.Rows,
                N = b.Columns,
                K = a.Columns,
                A = aData + outer * a.OuterStride + inner * a.InnerStride,
                ARow = a.RowStride,
                AColumn = a.ColumnStride,
                B = bData + (outer * b.OuterStride + inner * b.InnerStride) * dtype.Size(),
                BRow = b.RowStride,
                BColumn = b.ColumnStride,
                BType = dtype,
                FiniteF16 = finiteF16,
                C = cData + outer * c.OuterStride + inner * c.InnerStride,
                CRow = c.RowStride,
                CColumn = c.ColumnStride,
                Accumulate = accumulate,
            };
        }
    }
}

/// <summary>One product C[M,N] (+)= A[M,K]·B[K,N]; strides in elements.</summary>
internal unsafe struct GemmProblem
{
    public int M, N, K;
    public float* A;
    public long ARow, AColumn;
    public byte* B;
    public long BRow, BColumn;

    /// <summary>How B is stored. Of Q8 it means the whole numbers: their scales are the caller's.</summary>
    public DType BType;

    /// <summary>Whether B is known to be F16 without infinity and NaN.</summary>
    public bool FiniteF16;

    /// <summary>All of B as the micro-kernel reads it, cut into depth blocks of panels; null where it is not kept.</summary>
    public float* PackedB;
    public float* C;
    public long CRow, CColumn;
    public bool Accumulate;

    /// <summary>Whether B is best read where it lies.</summary>
    public readonly bool ReadsInPlace => GemmStreaming.Suits(this) || GemmTransposed.Suits(this);

    /// <summary>The part of the sums that some steps from <paramref name="k0"/> on make.</summary>
    public readonly GemmProblem Depth(int k0, int steps)
    {
        GemmProblem part = this;
        part.K = steps;
        part.A += k0 * AColumn;
        part.B += k0 * BRow * BType.Size();
        return part;
    }
}
