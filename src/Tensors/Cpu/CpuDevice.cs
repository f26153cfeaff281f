using System.Runtime.Intrinsics;

namespace Sharpformer.Tensors.Cpu;

/// <summary>
/// The processor: pooled host memory, SIMD loops, and a blocked matrix product. Verbs that do too little to pay for
/// waking a thread run on the caller's.
/// </summary>
public sealed unsafe partial class CpuDevice : Device
{
    /// <summary>Elements that a thread should at least get of a loop that does little more than read and write.</summary>
    private const int Grain = 16 * 1024;

    private readonly BufferPool<HostBlock> pool;
    private readonly WorkSharing work;
    private readonly GemmKernel kernel;
    private readonly PackingBudget packing;

    /// <summary>Creates the device.</summary>
    /// <param name="threads">Threads that share the work; 0 takes all processors.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is negative.</exception>
    public CpuDevice(int threads = 0)
        : this(
            threads,
            Vector512.IsHardwareAccelerated ? GemmKernel.Vector512
                : Vector256.IsHardwareAccelerated ? GemmKernel.Vector256 : GemmKernel.Vector128)
    {
    }

    /// <summary>Lets tests choose the micro-kernel, all of which run anywhere, and the room for packed weights.</summary>
    internal CpuDevice(int threads, GemmKernel kernel, long? packedBytes = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        work = new WorkSharing(threads == 0 ? Environment.ProcessorCount : threads);
        pool = new BufferPool<HostBlock>(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 32, bytes => new HostBlock(bytes));
        packing = new PackingBudget(packedBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 16);
        this.kernel = kernel;
    }

    /// <inheritdoc/>
    public override string Name => "cpu";

    /// <summary>As many as are packed together.</summary>
    public override int EnoughRows => GemmPacking.RowBlock;

    /// <summary>Threads that share the work.</summary>
    public int Threads => work.Threads;

    internal BufferPool<HostBlock> Pool => pool;

    /// <summary>The threads, for work that is no verb.</summary>
    internal WorkSharing Work => work;

    /// <inheritdoc/>
    public override Tensor Load(MappedBytes source, DType dtype, Shape shape, MappedBytes? scales = null)
    {
        Arguments.Load(source, dtype, shape, scales);
        MappedBytes elements = Aligned(source, dtype.Size());
        MemoryAdvice.MapForReading(elements.Pointer, elements.Length);
        RowScales? rows = scales is null ? null : new RowScales(Aligned(scales, sizeof(float)), shape.Columns);
        return new Tensor(this, new CpuStorage(elements.Pointer, elements.Length, elements.Owner, packing, rows), 0, shape, dtype);
    }

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<float> source, Tensor destination)
    {
        float* to = Destination("Upload", destination);
        Arguments.Length("Upload", destination, source.Length);
        source.CopyTo(new Span<float>(to, source.Length));
        GC.KeepAlive(destination);
    }

    /// <inheritdoc/>
    public override void Download(Tensor source, Span<float> destination)
    {
        CpuStorage from = Host("Download", source);
        Arguments.Length("Download", source, destination.Length);
        fixed (float* to = destination) from.Widen(source.DType, source.Offset, destination.Length, to);
        GC.KeepAlive(source);
    }

    /// <inheritdoc/>
    public override void Fill(Tensor destination, float value)
    {
        float* to = Destination("Fill", destination);
        work.Split(destination.Count, 4 * Grain, new Filled(to, value));
        GC.KeepAlive(destination);
    }

    /// <inheritdoc/>
    public override void Copy(in MatrixView source, in MatrixView destination)
    {
        Arguments.Copy(source, destination);
        float* from = Source("Copy", source.Tensor) + source.Offset, to = Destination("Copy", destination.Tensor) + destination.Offset;
        long rows = (long)source.Outer * source.Inner * source.Rows;
        work.Split(rows, 2L * Grain / Math.Max(1, source.Columns) + 1, new CopiedRows(source, from, destination, to));
        GC.KeepAlive(source.Tensor);
        GC.KeepAlive(destination.Tensor);
    }

    /// <inheritdoc/>
    protected override Storage AllocateStorage(long bytes) => new CpuStorage(pool, bytes);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        work.Dispose();
        pool.Clear();
        base.Dispose(disposing);
    }

    private static void CopyRows(float* x, long xRow, long xColumn, float* y, long yRow, long yColumn, int rows, int columns)
    {
        if (xColumn == 1 && yColumn == 1)
        {
            for (int r = 0; r < rows; r++) new ReadOnlySpan<float>(x + r * xRow, columns).CopyTo(new Span<float>(y + r * yRow, columns));
            return;
        }

        // Sixteen columns at a time, so that the cache lines read for one row still serve the next ones.
        for (int c0 = 0; c0 < columns; c0 += 16)
        {
            int c1 = Math.Min(columns, c0 + 16);
            for (int r = 0; r < rows; r++)
            {
                for (int c = c0; c < c1; c++) y[r * yRow + c * yColumn] = x[r * xRow + c * xColumn];
            }
        }
    }

    private readonly struct Filled(float* y, float value) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long i = start; i < end; i += int.MaxValue) new Span<float>(y + i, (int)Math.Min(int.MaxValue, end - i)).Fill(value);
        }
    }

    private readonly struct CopiedRows(MatrixView x, float* from, MatrixView y, float* to) : IRangeTask
    {
        public void Run(long start, long end)
        {
            for (long row = start; row < end;)
            {
                // The part of [start, end) that falls into one matrix of the batch.
                long matrix = row / x.Rows;
                int first = (int)(row % x.Rows), count = (int)Math.Min(x.Rows - first, end - row);
                long outer = matrix / x.Inner, inner = matrix % x.Inner;
                CopyRows(
                    from + outer * x.OuterStride + inner * x.InnerStride + (long)first * x.RowStride, x.RowStride, x.ColumnStride,
                    to + outer * y.OuterStride + inner * y.InnerStride + (long)first * y.RowStride, y.RowStride, y.ColumnStride,
                    count, x.Columns);
                row += count;
            }
        }
    }

    /// <summary>In place, or a copy: a checkpoint may put tensors at odd addresses, where elements cannot be read portably.</summary>
    private static MappedBytes Aligned(MappedBytes source, int size)
    {
        if ((nint)source.Pointer % size == 0) return source;
        var block = new HostBlock(Math.Max(1, source.Length));
        Buffer.MemoryCopy(source.Pointer, block.Pointer, source.Length, source.Length);
        GC.KeepAlive(source.Owner);
        return new MappedBytes(block.Pointer, source.Length, block);
    }

    /// <summary>First element of a float32 tensor to be read.</summary>
    private static float* Source(string verb, Tensor tensor)
    {
        byte* data = Stored(verb, tensor);
        Arguments.Float32(verb, tensor);
        return (float*)data;
    }

    /// <summary>First element of a float32 tensor to be written.</summary>
    private static float* Destination(string verb, Tensor tensor)
    {
        float* data = Source(verb, tensor);
        if (((CpuStorage)tensor.Storage).ReadOnly)
            throw new ArgumentException(
                $"{verb}: {tensor.Shape} is a stored weight mapped from its checkpoint and cannot be written. "
                + "Hint: Copy it to an allocated tensor first.");
        return data;
    }

    /// <summary>First element of a tensor of any storage type.</summary>
    private static byte* Stored(string verb, Tensor tensor) => Host(verb, tensor).Pointer + tensor.Offset * tensor.DType.Size();

    /// <summary>The memory behind a tensor.</summary>
    private static CpuStorage Host(string verb, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor.Storage as CpuStorage
            ?? throw new ArgumentException(
                $"{verb}: {tensor} is not in host memory. Hint: all operands of a verb live on the same device.");
    }
}
