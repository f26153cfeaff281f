using System.Buffers.Binary;
using System.Text;

namespace Sharpformer.Tests.Tensors.PyTorch;

/// <summary>Writes pickles, good ones and bad ones, instruction by instruction.</summary>
internal sealed class PickleBytes
{
    private readonly List<byte> bytes = [];

    public PickleBytes(int protocol = 2) => Raw(0x80, (byte)protocol);

    public PickleBytes Raw(params ReadOnlySpan<byte> instructions)
    {
        bytes.AddRange(instructions);
        return this;
    }

    /// <summary>Instructions that are letters, for example <c>")R"</c>: an empty tuple, and the call with it.</summary>
    public PickleBytes Ops(string letters) => Raw(Encoding.Latin1.GetBytes(letters));

    public PickleBytes Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Ops("X").Raw(length).Raw(utf8);
    }

    public PickleBytes Int(long value)
    {
        if (value is >= 0 and <= 255) return Raw((byte)'K', (byte)value);
        byte[] eight = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(eight, value);
        if (value is >= 0 and <= 65535) return Ops("M").Raw(eight.AsSpan(0, 2));
        if (value is >= int.MinValue and <= int.MaxValue) return Ops("J").Raw(eight.AsSpan(0, 4));
        return Raw(0x8a, 8).Raw(eight);
    }

    public PickleBytes Global(string module, string name) => Ops($"c{module}\n{name}\n");

    public PickleBytes Ints(IEnumerable<long> values)
    {
        Ops("(");
        foreach (long value in values) Int(value);
        return Ops("t");
    }

    /// <summary>
    /// An OrderedDict of tensors, as <c>torch.save(model.state_dict())</c> writes it: items, then the attribute _metadata.
    /// </summary>
    public PickleBytes StateDict(IEnumerable<SavedTensor> tensors, bool legacy = false)
    {
        Global("collections", "OrderedDict").Ops(")R(");
        foreach (SavedTensor tensor in tensors) Text(tensor.Name).Tensor(tensor, legacy);
        return Ops("u").Ops("}").Text("_metadata").Global("collections", "OrderedDict").Ops(")R(").Text("")
            .Ops("}").Text("version").Int(1).Ops("su").Ops("s").Ops("b");
    }

    /// <summary>One tensor: <c>_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)</c>.</summary>
    public PickleBytes Tensor(SavedTensor tensor, bool legacy = false)
    {
        if (tensor.Parameter) Global("torch._utils", "_rebuild_parameter").Ops("(");
        Global("torch._utils", tensor.Untyped is null ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3").Ops("((");
        if (tensor.Untyped is null) Text("storage").Global("torch", tensor.Storage);
        else Text("storage").Global("torch.storage", "UntypedStorage");
        Text(tensor.Key).Text("cpu").Int(tensor.Count);
        if (legacy) Ops("N");
        Ops("tQ").Int(tensor.Offset).Ints(tensor.Size).Ints(tensor.Strides).Raw(0x89).Global("collections", "OrderedDict").Ops(")R");
        if (tensor.Untyped is { } dtype) Global("torch", dtype);
        Ops("tR");
        if (tensor.Parameter) Raw(0x88).Global("collections", "OrderedDict").Ops(")RtR");
        return this;
    }

    /// <summary>The finished pickle.</summary>
    public byte[] Stop() => [.. bytes, (byte)'.'];
}

/// <summary>A tensor as a pickle describes it; row-major unless strides are given.</summary>
internal sealed record SavedTensor(string Name, string Storage, string Key, long Count, long[] Size)
{
    public long Offset { get; init; }

    public long[]? Stride { get; init; }

    public bool Parameter { get; init; }

    /// <summary>A dtype in PyTorch's words where the storage has none.</summary>
    public string? Untyped { get; init; }

    public long[] Strides => Stride ?? [.. Size.Select((_, k) => Size.Skip(k + 1).Aggregate(1L, (a, b) => a * b))];
}
