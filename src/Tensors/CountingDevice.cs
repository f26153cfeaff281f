namespace Sharpformer.Tensors;

/// <summary>
/// Computes nothing and has no memory: it counts what work would take on a device with a pool, which keeps each block for others of its
/// size. What it is asked to download is zeros.
/// </summary>
public sealed class CountingDevice : Device
{
    private readonly int[] live = new int[SizeClass.Count], most = new int[SizeClass.Count];

    /// <inheritdoc/>
    public override string Name => "counting";

    /// <summary>Bytes of all blocks that the pool would hold by now: of each size the most that were in use at once.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes of the block behind a tensor.</summary>
    public static long BlockOf(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return SizeClass.Of(tensor.Storage.ByteLength);
    }

    /// <summary>A tensor as of a checkpoint, which is not counted.</summary>
    public Tensor Stored(Shape shape, DType dtype = DType.F32) =>
        new(this, new Counted(null, Math.Max(1, shape.Count) * dtype.Size()), 0, shape, dtype);

    /// <inheritdoc/>
    public override Tensor Load(MappedBytes source, DType dtype, Shape shape, MappedBytes? scales = null) => Stored(shape, dtype);

    /// <inheritdoc/>
    public override void Download(Tensor source, Span<float> destination) => destination.Clear();

    /// <inheritdoc/>
    public override int[] ArgMax(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return new int[x.Rows];
    }

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<float> source, Tensor destination)
    {
    }

    /// <inheritdoc/>
    public override void Copy(in MatrixView source, in MatrixView destination)
    {
    }

    /// <inheritdoc/>
    public override void Fill(Tensor destination, float value)
    {
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y)
    {
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y, Tensor z)
    {
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, float y, Tensor z)
    {
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y, Tensor z, Tensor w)
    {
    }

    /// <inheritdoc/>
    public override void Map<TOp>(Tensor x, Tensor y, float z, Tensor w)
    {
    }

    /// <inheritdoc/>
    public override void Rows<TOp>(int rows, ReadOnlySpan<int> index, float scalar, params ReadOnlySpan<Tensor> operands)
    {
    }

    /// <inheritdoc/>
    public override void ColumnSum(Tensor x, Tensor y, bool accumulate = false)
    {
    }

    /// <inheritdoc/>
    public override void Gemm(in MatrixView a, in MatrixView b, in MatrixView c, bool accumulate = false)
    {
    }

    /// <inheritdoc/>
    public override void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor y)
    {
    }

    /// <inheritdoc/>
    public override void Scatter(in MatrixView x, ReadOnlySpan<int> ids, Tensor table)
    {
    }

    /// <inheritdoc/>
    public override void ScatterAdd(Tensor x, ReadOnlySpan<int> ids, Tensor table)
    {
    }

    /// <inheritdoc/>
    protected override Storage AllocateStorage(long bytes)
    {
        int size = SizeClass.IndexOf(bytes);
        if (++live[size] > most[size])
        {
            most[size]++;
            PeakBytes += SizeClass.BytesOf(size);
        }

        return new Counted(this, bytes);
    }

    /// <summary>No memory.</summary>
    private sealed class Counted(CountingDevice? device, long bytes) : Storage
    {
        public override long ByteLength => bytes;

        protected override void ReturnToPool()
        {
            if (device is not null) device.live[SizeClass.IndexOf(bytes)]--;
        }
    }
}
