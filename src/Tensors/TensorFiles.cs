namespace Sharpformer.Tensors;

/// <summary>What all kinds of <see cref="ITensorFile"/> have in common.</summary>
public static class TensorFiles
{
    /// <summary>
    /// A tensor on <paramref name="device"/>; on the CPU it uses the mapped file in place where it can. F64 is narrowed to F32.
    /// </summary>
    /// <exception cref="InputException">
    /// There is none of this name, its type is none of F32, F16, BF16 and F64, or a number is beyond float32.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">It must be copied, and the machine has no room for it.</exception>
    public static Tensor Load(this ITensorFile file, string name, Device device)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(device);
        TensorInfo info = file.Info(name);
        DType dtype = file.TypeOf(info);
        if (dtype == DType.Q8) return Q8Container.Load(file, info, device);
        Shape shape = info.EngineShape(file.Path);
        return device.Load(info.DType == "F64" ? Narrowing.Narrowed(file, info) : file.Bytes(name), dtype, shape);
    }

    /// <summary>
    /// The same as <see cref="DType.Q8"/>: numbers of any other type are rounded, in memory of their own, and Q8 stays as it is stored.
    /// </summary>
    /// <exception cref="InputException">
    /// There is none of this name, its type is none of F32, F16, BF16, F64 and Q8, or a number is not finite.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">The machine has no room for it.</exception>
    public static Tensor LoadQ8(this ITensorFile file, string name, Device device)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(device);
        TensorInfo info = file.Info(name);
        return file.TypeOf(info) == DType.Q8 ? Q8Container.Load(file, info, device) : Q8Container.Quantized(file, info, device);
    }

    /// <summary>How a tensor will be held when it is loaded.</summary>
    /// <exception cref="InputException">Its type is none of F32, F16, BF16, F64 and Q8, or it is Q8 with unusable scales.</exception>
    public static DType TypeOf(this ITensorFile file, TensorInfo info)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(info);
        if (Q8Container.Holds(file, info))
        {
            _ = Q8Container.Scales(file, info);
            return DType.Q8;
        }

        return info.DType switch
        {
            "F32" or "F64" => DType.F32,
            "F16" => DType.F16,
            "BF16" => DType.BF16,
            _ => throw new InputException(
                $"{file.Path}, tensor {info}: expected F32, F16, BF16 or F64.",
                "is it quantized? Take the checkpoint that it was made from."),
        };
    }

    /// <summary>Elements of an F32, F16, BF16, F64 or Q8 tensor as float32, without making the whole.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The tensor.</param>
    /// <param name="start">First element, counted in row-major order.</param>
    /// <param name="values">Filled from there on.</param>
    /// <exception cref="ArgumentException">The tensor is of another type.</exception>
    /// <exception cref="InputException">There is none of this name, or a number is beyond float32.</exception>
    public static void ReadFloats(this ITensorFile file, string name, long start, Span<float> values)
    {
        ArgumentNullException.ThrowIfNull(file);
        Narrowing.Read(file, file.Info(name), start, values);
    }

    /// <summary>Copies a part of a matrix with rows and columns exchanged, without making the whole where it lies in one piece.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The matrix, <c>[m,n]</c> in the file and <c>[n,m]</c> here.</param>
    /// <param name="start">First byte, at an element.</param>
    /// <param name="destination">Whole elements.</param>
    /// <exception cref="ArgumentException">It is no matrix.</exception>
    /// <exception cref="InputException">There is none of this name.</exception>
    public static void ReadTurned(this ITensorFile file, string name, long start, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(file);
        TensorInfo info = file.Info(name);
        if (info.Shape is not [var rows, var columns]) throw new ArgumentException($"Tensor {info}: expected a matrix.", nameof(name));
        int size = StoredTypes.Size(info.DType);
        new PyTorch.StridedView(file.Bytes(name), size, 0, [columns, rows], [1, columns]).Read(start / size, destination);
    }

    /// <summary>The whole of a tensor in memory of its own, read by all processors, for files that make what is read of them.</summary>
    /// <exception cref="InputException">There is none of this name.</exception>
    /// <exception cref="InsufficientMemoryException">The machine has no room for it.</exception>
    public static unsafe MappedBytes Copied(this ITensorFile file, string name)
    {
        ArgumentNullException.ThrowIfNull(file);
        const int Chunk = 1 << 20;
        TensorInfo info = file.Info(name);
        HostBlock block = Room(file, info, info.Length);
        ParallelBlocks.Run((int)((info.Length + Chunk - 1) / Chunk), i =>
        {
            long start = (long)i * Chunk;
            file.Read(name, start, new Span<byte>(block.Pointer + start, (int)Math.Min(Chunk, info.Length - start)));
        });
        return new MappedBytes(block.Pointer, info.Length, block);
    }

    internal static InputException NoTensor(ITensorFile file, string name) =>
        new(
            $"{file.Path}: no tensor {Quoted.Text(name)} among its {file.Tensors.Count}.",
            "does the checkpoint belong to this kind of model?");

    /// <summary>Memory for a tensor that cannot be used in place.</summary>
    /// <exception cref="InsufficientMemoryException">The machine has no room for it.</exception>
    internal static HostBlock Room(ITensorFile file, TensorInfo info, long bytes)
    {
        try
        {
            return new HostBlock(Math.Max(1, bytes));
        }
        catch (OutOfMemoryException e)
        {
            throw new InsufficientMemoryException($"{file.Path}, tensor {info}: no room for a copy of {bytes} bytes.", e);
        }
    }

    /// <summary>Maps a file that the user named.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it should be, for messages.</param>
    /// <param name="least">The shortest such file, in bytes.</param>
    /// <exception cref="InputException">It cannot be read or is shorter.</exception>
    internal static MappedBytes Map(string path, string kind, int least)
    {
        try
        {
            if (Directory.Exists(path)) throw new InputException($"{path}: expected a {kind}, got a folder.", "name the file in it.");
            // Asked before it is opened: a pipe has no length either, and opening one would wait for its writer.
            long length = FileLength.Of(path);
            if (length == 0)
                throw new InputException($"{path}: is empty, or no file but a pipe or a device, expected a {kind}.", "download it again.");
            if (length < least)
                throw new InputException($"{path}: {length} bytes, expected at least the {least} of a {kind}.", "download it again.");
            return FileMapping.Open(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new InputException($"{path}: cannot be read: {FileErrors.Reason(e)}.", "check the path and its permissions.", e);
        }
    }
}
