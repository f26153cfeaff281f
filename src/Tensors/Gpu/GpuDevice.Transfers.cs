using ILGPU;
using ILGPU.Runtime;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tensors.Gpu;

/// <content>What goes to the accelerator, comes back from it, or moves within it.</content>
public sealed partial class GpuDevice
{
    /// <summary>Bytes of stored weights that are copied in one go.</summary>
    private const int ChunkBytes = 1 << 28;

    private readonly List<GpuBlock> passing = [];

    /// <inheritdoc/>
    public override Tensor Load(MappedBytes source, DType dtype, Shape shape, MappedBytes? scales = null)
    {
        Arguments.Load(source, dtype, shape, scales);
        if (dtype == DType.Q8) return LoadWidened(source, shape, scales!);
        GpuBlock block = pool.Allocate(Math.Max(16, (source.Length + 15) / 16 * 16)); // kernels read 16 bytes at once
        for (long start = 0; start < source.Length; start += ChunkBytes)
        {
            int length = (int)Math.Min(ChunkBytes, source.Length - start);
            Send(source.Span(start, length), block.Bytes.SubView(start, length));
        }

        return new Tensor(this, new GpuStorage(block, source.Length), 0, shape, dtype);
    }

    /// <summary>Q8 weights as F32: there are no kernels that read them.</summary>
    private unsafe Tensor LoadWidened(MappedBytes source, Shape shape, MappedBytes scales)
    {
        const int Chunk = 1 << 20;
        GpuBlock block = pool.Allocate(Math.Max(16, (source.Length * sizeof(float) + 15) / 16 * 16));
        var rows = new RowScales(scales, shape.Columns);
        float[] widened = new float[Math.Min(Chunk, source.Length)];
        for (long start = 0; start < source.Length; start += Chunk)
        {
            int count = (int)Math.Min(Chunk, source.Length - start);
            fixed (float* to = widened) rows.Widen((sbyte*)source.Pointer, start, count, to);
            Send<float>(widened.AsSpan(0, count), block.Bytes.SubView(start * sizeof(float), (long)count * sizeof(float)).Cast<float>());
        }

        GC.KeepAlive(source);
        return new Tensor(this, new GpuStorage(block, source.Length * sizeof(float)), 0, shape);
    }

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<float> source, Tensor destination)
    {
        ArrayView<float> to = Destination("Upload", destination);
        Arguments.Length("Upload", destination, source.Length);
        Send(source, to);
    }

    /// <inheritdoc/>
    public override void Download(Tensor source, Span<float> destination)
    {
        ArrayView<byte> from = Stored("Download", source);
        Arguments.Length("Download", source, destination.Length);
        if (destination.IsEmpty) return;
        if (source.DType == DType.F32)
        {
            Await(from.Cast<float>(), destination);
            return;
        }

        ushort[] bits = new ushort[destination.Length];
        Await(from.Cast<ushort>(), bits);
        for (int i = 0; i < bits.Length; i++)
            destination[i] = source.DType == DType.F16
                ? (float)BitConverter.UInt16BitsToHalf(bits[i])
                : BitConverter.UInt32BitsToSingle((uint)bits[i] << 16);
    }

    /// <inheritdoc/>
    public override void Copy(in MatrixView source, in MatrixView destination)
    {
        Arguments.Copy(source, destination);
        ArrayView<float> from = Source("Copy", source.Tensor), to = Destination("Copy", destination.Tensor);
        int matrices = checked(source.Outer * source.Inner);
        long count = (long)matrices * source.Rows * source.Columns;
        if (count == 0) return;
        Launch(CopyKernels.Copy, Groups(count), Group, new CopyArguments(
            new GpuMatrix(source, from), new GpuMatrix(destination, to), matrices, source.Rows, source.Columns));
    }

    /// <summary>Integers for the next kernel.</summary>
    private ArrayView<int> Indices(ReadOnlySpan<int> values)
    {
        if (values.IsEmpty) return default;
        GpuBlock block = pool.Rent(values.Length * sizeof(int));
        passing.Add(block);
        ArrayView<int> indices = block.Bytes.SubView(0, values.Length * sizeof(int)).Cast<int>();
        Send(values, indices);
        return indices;
    }

    /// <summary>Queues a copy to the accelerator. The host goes on at once unless there is no room to put the values by.</summary>
    private void Send<T>(ReadOnlySpan<T> values, ArrayView<T> destination) where T : unmanaged
    {
        if (values.IsEmpty) return;
        try
        {
            accelerator.Bind();
            long bytes = destination.LengthInBytes;
            if (!UploadStage.Takes(bytes))
            {
                destination.CopyFromCPU(accelerator.DefaultStream, values); // waits by itself
                Waited();
                return;
            }

            if (!stage.HasRoomFor(bytes))
            {
                accelerator.DefaultStream.Synchronize();
                Waited();
            }

            stage.Send(accelerator.DefaultStream, values, destination);
        }
        catch (AcceleratorException e)
        {
            throw Failed(e);
        }
    }

    /// <summary>Copies a result to the host, which waits for all work queued before it.</summary>
    private void Await<T>(ArrayView<T> source, Span<T> destination) where T : unmanaged
    {
        try
        {
            accelerator.Bind();
            source.CopyToCPU(accelerator.DefaultStream, destination); // waits by itself
            Waited();
        }
        catch (AcceleratorException e)
        {
            throw Failed(e);
        }
    }

    private void Waited()
    {
        HostWaits++;
        stage.AllArrived();
    }
}
