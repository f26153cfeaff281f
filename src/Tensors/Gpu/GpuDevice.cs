using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// An accelerator driven through ILGPU, which compiles C# methods to its code. Verbs are queued on one stream and run in order;
/// the host waits only where a result is needed there.
/// </summary>
public sealed partial class GpuDevice : Device
{
    private readonly Context context;
    private readonly Accelerator accelerator;
    private readonly BufferPool<GpuBlock> pool;
    private readonly UploadStage stage;
    private readonly Dictionary<MethodInfo, Delegate> launchers;
    private readonly bool isGuest;

    /// <summary>Drives an accelerator; context and accelerator belong to the device from now on.</summary>
    /// <param name="name">Short name, for example <c>cuda</c>.</param>
    /// <param name="context">What compiles kernels; with <c>EnableAlgorithms</c>.</param>
    /// <param name="accelerator">What runs them.</param>
    internal GpuDevice(string name, Context context, Accelerator accelerator)
        : this(name, context, accelerator, [])
    {
    }

    /// <summary>
    /// A device with memory of its own on the accelerator of another, which lives longer: what is
    /// compiled for one is there for both.
    /// </summary>
    internal GpuDevice(GpuDevice host)
        : this(host.Name, host.context, host.accelerator, host.launchers) => isGuest = true;

    private GpuDevice(string name, Context context, Accelerator accelerator, Dictionary<MethodInfo, Delegate> launchers)
    {
        (Name, this.context, this.accelerator, this.launchers) = (name, context, accelerator, launchers);
        pool = new BufferPool<GpuBlock>(long.MaxValue, Allocated); // idle blocks go only when a new one finds no room
        accelerator.Bind(); // ILGPU does not do it for memory that is locked, and this thread may have driven another accelerator
        stage = new UploadStage(accelerator);
    }

    /// <summary>
    /// ILGPU's own simulation of a GPU on the processor: slow, but it runs the same kernels, so it tells whether they are right.
    /// </summary>
    public static GpuDevice Simulated()
    {
        Context context = Context.Create(builder => builder.CPU(new CPUDevice(32, 8, 1)).EnableAlgorithms());
        return new GpuDevice("ilgpu-cpu", context, context.CreateCPUAccelerator(0, CPUAcceleratorMode.Parallel));
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <summary>Its maker's name for it.</summary>
    public string AcceleratorName => accelerator.Name;

    /// <summary>How often the host has waited for a result since the device was made.</summary>
    public long HostWaits { get; private set; }

    /// <summary>Threads that share a row or a range, at most; a power of two.</summary>
    private int GroupSize => IsSimulation ? 4 : RowKernels.MostThreads;

    /// <summary>Groups of a kernel, at most; each then takes more than one row or part.</summary>
    private int MostGroups => IsSimulation ? 4 : 1 << 16;

    /// <summary>
    /// The simulation takes a tenth of a millisecond for each group of threads, and as much for each thread at a barrier.
    /// </summary>
    private bool IsSimulation => accelerator.AcceleratorType == AcceleratorType.CPU;

    /// <inheritdoc/>
    protected override Storage AllocateStorage(long bytes) => new GpuStorage(pool, bytes);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            try
            {
                accelerator.Bind();
                accelerator.Synchronize(); // what is on its way still reads the stage
                stage.Dispose();
                cublas?.Dispose();
                pool.Clear();
                if (!isGuest)
                {
                    accelerator.Dispose();
                    context.Dispose();
                }
            }
            catch (AcceleratorException)
            {
                // A device that is gone has nothing left to free, and what went wrong has been told.
            }
        }

        base.Dispose(disposing);
    }

    /// <summary>Queues a kernel.</summary>
    /// <param name="kernel">A static method marked with <see cref="KernelAttribute"/>.</param>
    /// <param name="grid">Groups of threads.</param>
    /// <param name="group">Threads of a group.</param>
    /// <param name="arguments">What it is given.</param>
    private void Launch<TArguments>(Action<TArguments> kernel, Index3D grid, Index3D group, TArguments arguments) where TArguments : struct
    {
        try
        {
            accelerator.Bind(); // costs nothing where the same thread goes on
            if (!launchers.TryGetValue(kernel.Method, out Delegate? launcher))
            {
                if (kernel.Method.GetCustomAttribute<KernelAttribute>() is null)
                    throw new ArgumentException($"{kernel.Method.Name} is not marked as a kernel.");
                launcher = accelerator.LoadStreamKernel(kernel);
                launchers.Add(kernel.Method, launcher);
            }

            ((Action<KernelConfig, TArguments>)launcher)(new KernelConfig(grid, group), arguments);
        }
        catch (AcceleratorException e)
        {
            throw Failed(e);
        }

        // The stream runs in order: whoever gets these blocks next comes after the kernel.
        foreach (GpuBlock block in passing) pool.Return(block);
        passing.Clear();
    }

    /// <summary>
    /// Groups that go through <paramref name="count"/> elements, each thread taking more than one where there are very many.
    /// </summary>
    private Index3D Groups(long count) => new((int)Math.Clamp((count + GroupSize - 1) / GroupSize, 1, MostGroups), 1, 1);

    private Index3D Group => new(GroupSize, 1, 1);

    private GpuBlock Allocated(long bytes)
    {
        try
        {
            accelerator.Bind();
            return new GpuBlock(accelerator.Allocate1D<byte>(bytes));
        }
        catch (Exception e) when (e is AcceleratorException or OutOfMemoryException)
        {
            throw new InsufficientMemoryException($"{accelerator.Name} has no room for {bytes:N0} bytes ({e.Message}).", e);
        }
    }

    /// <summary>
    /// What is told when the accelerator refuses to go on: its driver was reset, it was unplugged,
    /// another program took its memory.
    /// </summary>
    internal InputException Failed(AcceleratorException e) =>
        new($"{accelerator.Name} stopped working ({e.Message.ReplaceLineEndings(" ")}).", "start again, or compute on the processor.", e)
        {
            Kind = ErrorKind.DeviceLost,
        };

    /// <summary>
    /// What is told of an error that a driver let through where no device caught it, for example that it has no room left for what a
    /// kernel needs; null where the error is none of a driver's.
    /// </summary>
    public static InputException? Told(Exception error) => error is AcceleratorException
        ? new InputException(
            $"The GPU failed: {error.Message.ReplaceLineEndings(" ").TrimEnd('.')}. Edits that were stored before are kept.",
            "the processor computes without it.", error)
        {
            Kind = ErrorKind.DeviceLost,
        }
        : null;

    /// <summary>A float32 tensor to be read.</summary>
    private ArrayView<float> Source(string verb, Tensor tensor)
    {
        ArrayView<byte> data = Stored(verb, tensor);
        Arguments.Float32(verb, tensor);
        return data.Cast<float>();
    }

    /// <summary>A float32 tensor to be written.</summary>
    private ArrayView<float> Destination(string verb, Tensor tensor)
    {
        ArrayView<float> data = Source(verb, tensor);
        if (((GpuStorage)tensor.Storage).ReadOnly)
            throw new ArgumentException(
                $"{verb}: {tensor.Shape} is a stored weight and cannot be written. Hint: Copy it to an allocated tensor first.");
        return data;
    }

    /// <summary>A tensor of any storage type, its elements as bytes.</summary>
    private ArrayView<byte> Stored(string verb, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.Device != this || tensor.Storage is not GpuStorage storage)
            throw new ArgumentException(
                $"{verb}: {tensor} is not in the memory of {Name}. Hint: all operands of a verb live on the same device.");
        return storage.Bytes.SubView(tensor.Offset * tensor.DType.Size(), tensor.Count * tensor.DType.Size());
    }
}
