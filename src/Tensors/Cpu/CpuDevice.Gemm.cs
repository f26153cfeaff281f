using System.Runtime.Intrinsics;

namespace Sharpformer.Tensors.Cpu;

/// <content>The matrix product: check, choose the micro-kernel.</content>
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc/>
    public override void Gemm(in MatrixView a, in MatrixView b, in MatrixView c, bool accumulate = false)
    {
        Arguments.Gemm(a, b, c);
        float* left = Source("Gemm", a.Tensor), product = Destination("Gemm", c.Tensor);
        if (Host("Gemm", b.Tensor).Scales is { } scales) MultiplyScaled(a, b, c, left, product, accumulate, scales);
        else Multiply(a, b, c, left, product, accumulate);
        GC.KeepAlive(a.Tensor);
        GC.KeepAlive(b.Tensor);
        GC.KeepAlive(c.Tensor);
    }

    /// <summary>The product with B's elements as they are stored, Q8 without their scales.</summary>
    private void Multiply(in MatrixView a, in MatrixView b, in MatrixView c, float* left, float* product, bool accumulate)
    {
        CpuStorage storage = Host("Gemm", b.Tensor);

        // Only products of a few rows spend much of their time on widening.
        bool finiteF16 = b.Tensor.DType == DType.F16 && a.Rows <= GemmStreaming.MaxRows && storage.FiniteF16(work);
        var batch = new GemmBatch(a, b, c, left, Stored("Gemm", b.Tensor), product, accumulate, finiteF16);
        PackedWeights? weights = storage.Weights;
        if (batch.Count == 0) return;
        switch (kernel)
        {
            case GemmKernel.Vector512 when SuitsWideTiles(batch[0]):
                Gemm<WideMicroKernel<Register512, Vector512<float>>>.Run(batch, weights, work, pool);
                break;
            case GemmKernel.Vector512: Gemm<MicroKernel<Register512, Vector512<float>>>.Run(batch, weights, work, pool); break;
            case GemmKernel.Vector256: Gemm<MicroKernel<Register256, Vector256<float>>>.Run(batch, weights, work, pool); break;
            default: Gemm<MicroKernel<Register128, Vector128<float>>>.Run(batch, weights, work, pool); break;
        }
    }

    /// <summary>
    /// Not where narrow tiles leave a third of the columns less to be padded, and not where B is read in place, of which narrow ones leave
    /// less over.
    /// </summary>
    private static bool SuitsWideTiles(in GemmProblem product)
    {
        int narrow = MicroKernel<Register512, Vector512<float>>.Columns;
        bool padsLittle = product.N > 3 * narrow || (product.N > narrow && product.N <= 2 * narrow);
        return padsLittle && !product.ReadsInPlace;
    }

    /// <summary>
    /// The product with Q8 weights. A scale is the same for a whole row of B, or a whole column of a transposed one, so it can be taken
    /// out of the product: into A's column, Σ (a·s)·q, or behind it, (Σ a·q)·s. Either costs a pass over the small side, and no loop
    /// over B needs to know of scales.
    /// </summary>
    private void MultiplyScaled(
        in MatrixView a, in MatrixView b, in MatrixView c, float* left, float* product, bool accumulate, RowScales scales)
    {
        if (a.Outer * a.Inner != 1)
            throw new ArgumentException($"Gemm: {b} is stored as Q8, of which only single matrices can be multiplied with.");
        if (b.Rows == 0 || b.Columns == 0)
        {
            Multiply(a, b, c, left, product, accumulate);
            return;
        }

        float* ofRows = scales.OfRows(b), ofColumns = scales.OfRows(b.Transposed);
        if (ofRows is null && ofColumns is null)
            throw new ArgumentException($"Gemm: {b} of {b.Tensor} is neither stored rows of Q8 weights nor such rows transposed.");
        if (ofRows is not null)
        {
            HostBlock block = pool.Rent((long)a.Rows * a.Columns * sizeof(float));
            float* scaled = (float*)block.Pointer;
            MatrixView rows = a with { Offset = 0, RowStride = a.Columns, ColumnStride = 1 };
            work.Split(
                a.Rows, Grain / (a.Columns + 1) + 1,
                new ScaledRows(left + a.Offset, a.RowStride, a.ColumnStride, ofRows, scaled, a.Columns));
            Multiply(rows, b, c, scaled, product, accumulate);
            pool.Return(block);
            return;
        }

        HostBlock? sums = accumulate ? pool.Rent((long)c.Rows * c.Columns * sizeof(float)) : null;
        MatrixView target = sums is null ? c : c with { Offset = 0, RowStride = c.Columns, ColumnStride = 1 };
        float* into = sums is null ? product : (float*)sums.Pointer;
        Multiply(a, b, target, left, into, accumulate: false);
        work.Split(
            c.Columns, Grain / (c.Rows + 1) + 1,
            new ScaledColumns(into + target.Offset, target, ofColumns, product + c.Offset, c, accumulate));
        if (sums is not null) pool.Return(sums);
    }

    /// <summary>y[r,k] = x[r,k]·s[k].</summary>
    private readonly struct ScaledRows(float* x, long row, long column, float* scales, float* y, int columns) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long r = start; r < end; r++) RowScales.Multiply(x + r * row, column, scales, y + r * columns, 1, columns);
        }
    }

    /// <summary>y[r,n] = x[r,n]·s[n], or added to it; for a range of columns.</summary>
    private readonly struct ScaledColumns(float* x, MatrixView from, float* scales, float* y, MatrixView to, bool add) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (int r = 0; r < to.Rows; r++)
            {
                float* source = x + (long)r * from.RowStride + start * from.ColumnStride;
                float* target = y + (long)r * to.RowStride + start * to.ColumnStride;
                if (add) RowScales.MultiplyAdd(source, from.ColumnStride, scales + start, target, to.ColumnStride, end - start);
                else RowScales.Multiply(source, from.ColumnStride, scales + start, target, to.ColumnStride, end - start);
            }
        }
    }
}
