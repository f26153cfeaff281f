namespace Sharpformer.Tensors.PyTorch;

/// <summary>
/// The only names that a pickle may use, and what they mean here. None of them is looked up anywhere: a name is an entry
/// of a table, a call makes one of the <see cref="PickleDict">few kinds of value</see> that a checkpoint consists of.
/// As written by torch/_tensor.py (<c>__reduce_ex__</c>), torch/_utils.py and torch/serialization.py of PyTorch 0.4 to 2.
/// </summary>
/// <param name="path">The file, for messages.</param>
internal sealed class PickleGlobals(string path)
{
    private const int MaxRank = 64; // PyTorch's own limit
    private const int MaxTensors = 1 << 16;
    private const string Harmful =
        "a checkpoint needs no code: open this file with no other program either, unless you trust who made it. "
        + "If you do, save model.state_dict() there instead.";

    private int tensors;

    private enum Kind
    {
        OrderedDict,
        Size,
        RebuildTensor2,
        RebuildTensor3,
        RebuildParameter,
        Storage,
        DType,
    }

    private sealed record Global(string Name, Kind Kind, string? DType = null);

    private static readonly Dictionary<string, Global> Known = new[]
    {
        new Global("collections.OrderedDict", Kind.OrderedDict),
        new Global("torch.Size", Kind.Size),
        new Global("torch._utils._rebuild_tensor_v2", Kind.RebuildTensor2),
        new Global("torch._utils._rebuild_tensor_v3", Kind.RebuildTensor3),
        new Global("torch._utils._rebuild_parameter", Kind.RebuildParameter),
        new Global("torch.FloatStorage", Kind.Storage, "F32"),
        new Global("torch.DoubleStorage", Kind.Storage, "F64"),
        new Global("torch.HalfStorage", Kind.Storage, "F16"),
        new Global("torch.BFloat16Storage", Kind.Storage, "BF16"),
        new Global("torch.LongStorage", Kind.Storage, "I64"),
        new Global("torch.IntStorage", Kind.Storage, "I32"),
        new Global("torch.ShortStorage", Kind.Storage, "I16"),
        new Global("torch.CharStorage", Kind.Storage, "I8"),
        new Global("torch.ByteStorage", Kind.Storage, "U8"),
        new Global("torch.BoolStorage", Kind.Storage, "BOOL"),
        new Global("torch.storage.UntypedStorage", Kind.Storage, "U8"), // counts bytes; its tensors name their type themselves
        new Global("torch.float32", Kind.DType, "F32"),
        new Global("torch.float64", Kind.DType, "F64"),
        new Global("torch.float16", Kind.DType, "F16"),
        new Global("torch.bfloat16", Kind.DType, "BF16"),
        new Global("torch.int64", Kind.DType, "I64"),
        new Global("torch.int32", Kind.DType, "I32"),
        new Global("torch.int16", Kind.DType, "I16"),
        new Global("torch.int8", Kind.DType, "I8"),
        new Global("torch.uint8", Kind.DType, "U8"),
        new Global("torch.bool", Kind.DType, "BOOL"),
        new Global("torch.uint16", Kind.DType, "U16"),
        new Global("torch.uint32", Kind.DType, "U32"),
        new Global("torch.uint64", Kind.DType, "U64"),
    }.ToDictionary(global => global.Name);

    /// <summary>Every storage that was named so far, by its key.</summary>
    public Dictionary<string, StorageReference> Storages { get; } = [];

    /// <summary>What a name stands for.</summary>
    /// <exception cref="InputException">It is none of those a checkpoint needs.</exception>
    public object Find(string module, string name) =>
        Known.TryGetValue($"{module}.{name}", out Global? global) ? global : throw Refused($"{module}.{name}");

    /// <summary>The error for a pickle that wants something run.</summary>
    public InputException Refused(string callee) =>
        new($"{path}: its pickle calls {Quoted.Bare(callee)}, expected only tensors.", Harmful);

    /// <summary>The result of calling <paramref name="callee"/>.</summary>
    /// <exception cref="InputException">It is nothing that can be called, or not with these arguments.</exception>
    public object Call(object? callee, object? arguments)
    {
        if (callee is not Global global) throw Bad("calls something that has no name");
        if (arguments is not object?[] args) throw Bad($"calls {global.Name} without a tuple of arguments");
        return (global.Kind, args) switch
        {
            (Kind.OrderedDict, []) => new PickleDict(),
            (Kind.Size, [object?[] dims]) => dims,
            (Kind.RebuildTensor2, [StorageReference storage, long offset, object?[] size, object?[] stride, ..]) =>
                View(storage, storage.DType, offset, size, stride),
            (Kind.RebuildTensor3,
                [StorageReference storage, long offset, object?[] size, object?[] stride, _, _, Global { Kind: Kind.DType } type, ..]) =>
                View(storage, type.DType!, offset, size, stride),
            (Kind.RebuildParameter, [TensorView data, ..]) => data,
            _ => throw Bad($"calls {global.Name} with arguments that do not fit"),
        };
    }

    /// <summary>The storage that a persistent id names: <c>("storage", type, key, location, count)</c>, in old files with a view.</summary>
    /// <exception cref="InputException">It names something else.</exception>
    public StorageReference Persistent(object? id)
    {
        if (id is not object?[] { Length: 5 or 6 } parts
            || parts is not ["storage", Global { Kind: Kind.Storage } type, string key, _, long count, ..] || count < 0)
            throw Bad("refers to something outside of it that is no storage");
        long first = parts.Length == 5 || parts[5] is null ? 0
            : parts[5] is object?[] and [_, long offset, long viewed] && offset >= 0 && viewed >= 0 ? offset
            : throw Bad("has a storage within a storage whose place is not said");
        var storage = new StorageReference(key, type.DType!, count, first);
        if (storage.ByteLength is null) throw Bad($"has a storage of {count} elements, more than can be counted");
        Storages.TryAdd(key, storage);
        return storage;
    }

    private TensorView View(StorageReference storage, string dtype, long offset, object?[] size, object?[] stride)
    {
        if (size.Length != stride.Length || size.Length > MaxRank)
            throw Bad(
                $"has a tensor with {size.Length} sizes and {stride.Length} strides", $"as many of each, and at most {MaxRank}");
        if (++tensors > MaxTensors) throw Bad($"has more than {MaxTensors} tensors");
        if (offset < 0 || !size.Concat(stride).All(number => number is long and >= 0))
            throw Bad("has a tensor whose offset, sizes or strides are no whole numbers from 0");
        return new TensorView(storage, dtype, offset, [.. size.Cast<long>()], [.. stride.Cast<long>()]);
    }

    private InputException Bad(string what, string expected = "only tensors") =>
        new($"{path}: its pickle {what}, expected {expected}.", PickleReader.NoCheckpoint);
}
