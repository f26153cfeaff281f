namespace Sharpformer.Tensors.PyTorch;

/// <summary>
/// A checkpoint as <c>torch.save(model.state_dict(), path)</c> writes it. It is a program for Python's pickle machine, which
/// could do anything; here nothing of it is executed, see <see cref="PickleReader"/>. The file is mapped into memory and
/// checked completely when it is opened, in archives of up to 256 MiB the checksums too; tensors are used in place unless their
/// elements lie apart.
/// </summary>
public sealed class PyTorchFile : ITensorFile
{
    private const int TarHeader = 512;

    // Up to here checksums cost less than a fifth of a second, and are held to when the file is opened.
    private const long CheckedAtOnce = 256L << 20;

    private readonly Dictionary<string, TensorInfo> byName = [];
    private readonly Dictionary<string, StridedView> views = [];
    private readonly List<TensorInfo> tensors = [];
    private IReadOnlyCollection<ZipEntry> entries = [];
    private object? root;
    private bool closed;

    private PyTorchFile(string path) => Path = path;

    /// <inheritdoc/>
    public string Path { get; }

    /// <summary>All tensors in the order of the state dict.</summary>
    public IReadOnlyList<TensorInfo> Tensors => tensors;

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="InputException">It cannot be read, is damaged, or holds anything but tensors.</exception>
    public static PyTorchFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        MappedBytes mapped = TensorFiles.Map(path, "PyTorch checkpoint", 4);
        var file = new PyTorchFile(path);
        (file.root, Dictionary<string, MappedBytes> storages) = file.ReadAny(mapped);
        if (mapped.Length <= CheckedAtOnce) file.CheckSums();
        long copied = 0;
        foreach ((string name, TensorView view) in StateDict.Tensors(path, file.root))
        {
            (TensorInfo info, StridedView strided) = Check(path, name, view, storages);
            file.byName.Add(name, info);
            file.views.Add(name, strided);
            file.tensors.Add(info);
            if (!strided.IsContiguous || info.DType == "F64") copied += info.Length;
            // Nobody needs more; a few bytes could else claim all memory, thousands of views of one storage for example.
            if (copied / 4 > mapped.Length)
                throw new InputException(
                    $"{path}: its tensors would take more than {copied} bytes of memory, the file has only {mapped.Length}.",
                    "do its tensors overlap?");
        }

        return file;
    }

    /// <inheritdoc/>
    public bool Contains(string name) => byName.ContainsKey(name);

    /// <inheritdoc/>
    public TensorInfo Info(string name) => byName.TryGetValue(name, out TensorInfo? info) ? info : throw TensorFiles.NoTensor(this, name);

    /// <inheritdoc/>
    public unsafe MappedBytes Bytes(string name)
    {
        TensorInfo info = Info(name);
        ObjectDisposedException.ThrowIf(closed, this);
        StridedView view = views[name];
        if (view.IsContiguous) return view.Contiguous();
        const int Chunk = 1 << 20;
        HostBlock block = TensorFiles.Room(this, info, info.Length);
        for (long start = 0; start < info.Length; start += Chunk)
            Read(name, start, new Span<byte>(block.Pointer + start, (int)Math.Min(Chunk, info.Length - start)));
        return new MappedBytes(block.Pointer, info.Length, block);
    }

    /// <inheritdoc/>
    public void Read(string name, long start, Span<byte> destination)
    {
        TensorInfo info = Info(name);
        ObjectDisposedException.ThrowIf(closed, this);
        int size = StoredTypes.Size(info.DType);
        if (start < 0 || start > info.Length - destination.Length || start % size != 0 || destination.Length % size != 0)
            throw new ArgumentOutOfRangeException(
                nameof(start), $"Bytes {start}..{start + destination.Length} of {info}, which has {info.Length}.");
        views[name].Read(start / size, destination);
    }

    /// <summary>
    /// The numbers, texts and flags of a dictionary that a training program saved beside the weights, such as <c>model_args</c>; null
    /// if there is none of that name.
    /// </summary>
    public IReadOnlyDictionary<string, object?>? Settings(string key) => StateDict.Settings(root, key);

    /// <summary>Reads all of the file and holds it to its checksums, where it has any: files of PyTorch before 1.6 have none.</summary>
    /// <exception cref="InputException">Bytes are not those that were written.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public void CheckSums(CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        foreach (ZipEntry entry in entries) entry.Check(Path, cancellation);
    }

    /// <summary>
    /// Ends the use of the file. Tensors loaded from it stay valid: the mapping goes when the last of them does.
    /// </summary>
    public void Dispose()
    {
        closed = true;
        views.Clear();
        entries = [];
    }

    private (object? Root, Dictionary<string, MappedBytes> Storages) ReadAny(MappedBytes file)
    {
        string path = Path;
        ReadOnlySpan<byte> start = file.Span(0, (int)Math.Min(TarHeader, file.Length));
        if (ZipFormat.Matches(start))
        {
            (object? value, Dictionary<string, ZipEntry> storages) = ZipFormat.Read(path, file);
            entries = storages.Values;
            return (value, storages.ToDictionary(storage => storage.Key, storage => storage.Value.Data));
        }

        if (LegacyFormat.Matches(start)) return LegacyFormat.Read(path, file);
        if (start.Length == TarHeader && start[257..].StartsWith("ustar"u8))
            throw new InputException(
                $"{path}: a tar archive, as PyTorch wrote before version 0.1.10, expected a zip archive or a pickle.",
                "load and save it with a newer PyTorch.");
        throw new InputException(
            $"{path}: neither a zip archive nor a pickle, expected a checkpoint that torch.save wrote.",
            "is it complete, or only a Git LFS pointer?");
    }

    private static (TensorInfo Info, StridedView View) Check(
        string path, string name, TensorView view, Dictionary<string, MappedBytes> storages)
    {
        int size = StoredTypes.Size(view.DType);
        string what = $"{path}, tensor {Quoted.Text(name)} {view.DType} {Quoted.Shape(view.Size)}";
        if (StoredTypes.ByteLength(view.Size, size) is not { } length) throw Bad("has more bytes than can be counted");
        StorageReference storage = view.Storage;
        string key = Quoted.Text(storage.Key);
        if (!storages.TryGetValue(storage.Key, out MappedBytes? bytes)) throw Bad($"its storage {key} is not in the file");
        if (storage.ByteLength is not { } claimed || claimed > bytes.Length)
            throw Bad($"its storage {key} shall have {storage.Count} elements {storage.DType}, but holds {bytes.Length} bytes");
        // The last element must be there, and, as nobody stretches weights, there are no more elements than the storage has.
        if (storage.First > long.MaxValue - view.Offset || length > claimed
            || !StridedView.Fits(claimed, size, view.Offset + storage.First, view.Size, view.Stride))
            throw Bad(
                $"from element {view.Offset} on, strides {Quoted.Shape(view.Stride)}, "
                + $"is larger than its storage {key} of {claimed} bytes");
        var strided = new StridedView(bytes, size, view.Offset + storage.First, view.Size, view.Stride);
        return (new TensorInfo(name, view.DType, view.Size, length == 0 ? 0 : (view.Offset + storage.First) * size, length), strided);

        InputException Bad(string fault) => new($"{what}: {fault}.", "the file is damaged; download it again.");
    }
}
