using System.Runtime.InteropServices;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.PyTorch;

namespace Sharpformer.Tests.Tensors.PyTorch;

/// <summary>Good files: every form in which <c>torch.save</c> writes a state dict.</summary>
public sealed class PyTorchFileTests : IDisposable
{
    private static readonly float[] Numbers = [.. Enumerable.Range(0, 24).Select(i => i * 0.5f - 3)];
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly CpuDevice device = new(threads: 1);
    private readonly string path;

    public PyTorchFileTests() => path = folder.File("pytorch_model.bin");

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void All_types_come_back(bool zip64)
    {
        SavedTensor[] tensors =
        [
            new("f32", "FloatStorage", "0", 24, [4, 6]),
            new("f16", "HalfStorage", "1", 24, [24]),
            new("bf16", "BFloat16Storage", "2", 24, [2, 3, 4]),
            new("f64", "DoubleStorage", "3", 24, [24]) { Parameter = true },
            new("mask", "BoolStorage", "4", 3, [1, 1, 3]),
            new("ids", "LongStorage", "5", 1, []),
            new("none", "FloatStorage", "6", 0, [0, 5]),
        ];
        (string, byte[])[] storages =
        [
            ("0", Bytes(Numbers)), ("1", Bytes([.. Numbers.Select(x => (Half)x)])), ("2", Bytes([.. Numbers.Select(Upper)])),
            ("3", Bytes([.. Numbers.Select(x => (double)x)])), ("4", [0, 1, 1]), ("5", BitConverter.GetBytes(7L)), ("6", []),
        ];
        File.WriteAllBytes(
            path, ZipBytes.Checkpoint(new PickleBytes().StateDict(tensors).Stop(), storages, "some folder", zip64).ToArray());
        using PyTorchFile file = PyTorchFile.Open(path);
        Assert.Equal(["f32", "f16", "bf16", "f64", "mask", "ids", "none"], file.Tensors.Select(t => t.Name));
        Assert.Equal(["F32", "F16", "BF16", "F64", "BOOL", "I64", "F32"], file.Tensors.Select(t => t.DType));
        foreach (string name in (string[])["f32", "f16", "bf16", "f64"]) Assert.Equal(Numbers, file.Load(name, device).ToArray());
        Assert.Equal((new Shape(2, 3, 4), DType.BF16), (file.Load("bf16", device).Shape, file.Load("bf16", device).DType));
        Assert.Equal(DType.F32, file.Load("f64", device).DType);
        Assert.Equal([0, 1, 1], Content(file, "mask"));
        Assert.Equal(7, BitConverter.ToInt64(Content(file, "ids")));
        Assert.Empty(file.Load("none", device).ToArray());
        Fails.With<InputException>("tensor \"ids\" I64 []: expected F32, F16, BF16 or F64", () => file.Load("ids", device));
        Fails.With<InputException>("no tensor \"x\" among its 7", () => file.Load("x", device));
    }

    [Fact]
    public void Views_see_their_part_of_a_shared_storage()
    {
        SavedTensor[] tensors =
        [
            new("whole", "FloatStorage", "0", 24, [4, 6]),
            new("tied", "FloatStorage", "0", 24, [4, 6]),
            new("transposed", "FloatStorage", "0", 24, [6, 4]) { Stride = [1, 6] },
            new("second half", "FloatStorage", "0", 24, [12]) { Offset = 12 },
            new("last column", "FloatStorage", "0", 24, [4]) { Offset = 5, Stride = [6] },
            new("block", "FloatStorage", "0", 24, [2, 1, 3]) { Offset = 8, Stride = [6, 999, 1] },
            new("repeated", "FloatStorage", "0", 24, [3, 2]) { Offset = 23, Stride = [0, 0] },
        ];
        File.WriteAllBytes(path, ZipBytes.Checkpoint(new PickleBytes().StateDict(tensors).Stop(), [("0", Bytes(Numbers))]).ToArray());
        using PyTorchFile file = PyTorchFile.Open(path);
        Assert.Equal(Numbers, file.Load("tied", device).ToArray());
        Assert.Equal(
            from c in Enumerable.Range(0, 6) from r in Enumerable.Range(0, 4) select Numbers[6 * r + c],
            file.Load("transposed", device).ToArray());
        Assert.Equal(Numbers[12..], file.Load("second half", device).ToArray());
        Assert.Equal([Numbers[5], Numbers[11], Numbers[17], Numbers[23]], file.Load("last column", device).ToArray());
        Assert.Equal([.. Numbers[8..11], .. Numbers[14..17]], file.Load("block", device).ToArray());
        Assert.Equal(Enumerable.Repeat(Numbers[23], 6), file.Load("repeated", device).ToArray());

        byte[] part = new byte[12]; // Read gives parts of what Bytes gives, from the middle of a row to the middle of another.
        file.Read("transposed", 12, part);
        Assert.Equal(Content(file, "transposed")[12..24], part);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read("transposed", 92, new byte[8]));
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes("whole"));
    }

    [Fact]
    public void Contiguous_tensors_are_used_in_place_and_outlive_the_file()
    {
        byte[] saved = new PickleBytes().StateDict([new("x", "FloatStorage", "0", 24, [24])]).Stop();
        File.WriteAllBytes(path, ZipBytes.Checkpoint(saved, [("0", Bytes(Numbers))]).ToArray());
        Tensor tensor;
        using (PyTorchFile file = PyTorchFile.Open(path))
        {
            Assert.Same(file.Bytes("x").Owner, file.Bytes("x").Owner);
            tensor = file.Load("x", device);
        }

        File.Delete(path);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(Numbers, tensor.ToArray());
    }

    [Fact]
    public void Newer_protocols_and_untyped_storages_are_read()
    {
        // As Python writes with protocol 4: frames, short texts, names from the stack, a memo without numbers.
        static PickleBytes Short(PickleBytes p, string text) => p.Raw(0x8c, (byte)text.Length).Ops(text).Raw(0x94);
        static PickleBytes Name(PickleBytes p, string module, string name) => Short(Short(p, module), name).Raw(0x93, 0x94);
        PickleBytes pickle = new PickleBytes(4).Raw(0x95, 200, 0, 0, 0, 0, 0, 0, 0).Ops("}").Raw(0x94);
        Name(Short(pickle, "w"), "torch._utils", "_rebuild_tensor_v2").Ops("((");
        Name(Short(pickle, "storage"), "torch", "FloatStorage");
        Short(Short(pickle, "0"), "cpu").Int(24).Ops("t").Raw(0x94)
            .Ops("Q").Int(0).Int(4).Int(6).Raw(0x86, 0x94).Int(6).Int(1).Raw(0x86, 0x94, 0x89);
        Name(pickle, "collections", "OrderedDict").Ops(")R").Raw(0x94).Ops("t").Raw(0x94).Ops("R").Raw(0x94).Ops("s");
        File.WriteAllBytes(path, ZipBytes.Checkpoint(pickle.Stop(), [("0", Bytes(Numbers))]).ToArray());
        using (PyTorchFile file = PyTorchFile.Open(path))
            Assert.Equal((new Shape(4, 6), Numbers[7]), (file.Load("w", device).Shape, file.Load("w", device).ToArray()[7]));

        SavedTensor untyped = new("w", "", "0", 96, [6]) { Offset = 18, Untyped = "float32" };
        File.WriteAllBytes(path, ZipBytes.Checkpoint(new PickleBytes(2).StateDict([untyped]).Stop(), [("0", Bytes(Numbers))]).ToArray());
        using (PyTorchFile file = PyTorchFile.Open(path)) Assert.Equal(Numbers[18..], file.Load("w", device).ToArray());
    }

    [Fact]
    public void What_is_no_tensor_is_left_alone_and_one_wrapping_is_opened()
    {
        PickleBytes pickle = new PickleBytes().Ops("}(").Text("epoch").Int(3).Text("loss").Ops("G").Raw(new byte[8]).Text("state_dict");
        pickle.StateDict([new("w", "FloatStorage", "0", 24, [24])])
            .Text("note").Ops("N").Text("list").Ops("]").Int(1).Ops("a").Text("bytes").Ops("C").Raw(1, 9).Ops("u");
        File.WriteAllBytes(path, ZipBytes.Checkpoint(pickle.Stop(), [("0", Bytes(Numbers))]).ToArray());
        using PyTorchFile file = PyTorchFile.Open(path);
        Assert.Equal("w", Assert.Single(file.Tensors).Name);
    }

    [Theory]
    [InlineData("model")]
    [InlineData("module")]
    [InlineData("model_state_dict")]
    public void Of_what_training_programs_wrap_the_weights_are_found_beside_tensors_that_are_none(string wrapper)
    {
        PickleBytes pickle = new PickleBytes().Ops("}(").Text("loss").Tensor(new("", "FloatStorage", "0", 24, [])).Text(wrapper);
        pickle.StateDict([new("w", "FloatStorage", "0", 24, [24])])
            .Text("args").Ops("}(").Text("width").Int(16).Text("bias").Raw(0x89).Text("name").Text("x").Text("more").Ops("]")
            .Text("seed").Ops("N").Ops("u").Ops("u");
        File.WriteAllBytes(path, ZipBytes.Checkpoint(pickle.Stop(), [("0", Bytes(Numbers))]).ToArray());
        using PyTorchFile file = PyTorchFile.Open(path);
        Assert.Equal("w", Assert.Single(file.Tensors).Name);
        Assert.Equal(
            new Dictionary<string, object?> { ["width"] = 16L, ["bias"] = false, ["name"] = "x", ["seed"] = null }, file.Settings("args"));
        Assert.Null(file.Settings("loss"));
        Assert.Null(file.Settings("nothing"));
    }

    [Fact]
    public void The_format_before_version_1_6_is_read()
    {
        SavedTensor[] tensors =
        [
            new("a", "FloatStorage", "9400", 24, [4, 6]),
            new("b", "HalfStorage", "9500", 3, [3]) { Parameter = true },
            new("tied", "FloatStorage", "9400", 24, [2, 2]) { Offset = 20 },
        ];
        byte[] halves = Bytes(new Half[] { (Half)1, (Half)2, (Half)3 });
        byte[] pickle = new PickleBytes().StateDict(tensors, legacy: true).Stop();
        File.WriteAllBytes(path, LegacyBytes.Create(pickle, [("9500", 3, halves), ("9400", 24, Bytes(Numbers))]));
        using (PyTorchFile file = PyTorchFile.Open(path))
        {
            Assert.Equal(Numbers, file.Load("a", device).ToArray());
            Assert.Equal([1, 2, 3], file.Load("b", device).ToArray());
            Assert.Equal(Numbers[20..], file.Load("tied", device).ToArray());
        }

        AssertRefused("from a big-endian machine", LegacyBytes.Create(pickle, [], littleEndian: false));
        AssertRefused("takes 96 bytes from byte", LegacyBytes.Create(pickle, [("9500", 3, halves), ("9400", 24, Bytes(Numbers[..^1]))]));
        AssertRefused("has 25 elements, expected 24", LegacyBytes.Create(pickle, [("9400", 25, Bytes(Numbers))]));
        AssertRefused("lists a storage that nothing in it refers to", LegacyBytes.Create(pickle, [("1", 1, halves)]));
        AssertRefused("is there twice", LegacyBytes.Create(pickle, [("9500", 3, halves), ("9500", 3, halves)]));
        AssertRefused("its storage \"9400\" is not in the file", LegacyBytes.Create(pickle, [("9500", 3, halves)]));
        AssertRefused("without PyTorch's magic number", new PickleBytes().Int(5).Stop());
    }

    [Fact]
    public void A_double_beyond_float32_is_told_and_infinity_is_not()
    {
        double[] doubles = [1, double.PositiveInfinity, double.NaN, 1e-300, 3.5e38];
        SavedTensor[] tensors = [new("w", "DoubleStorage", "0", 5, [5]), new("v", "DoubleStorage", "0", 5, [4])];
        byte[] pickle = new PickleBytes().StateDict(tensors).Stop();
        File.WriteAllBytes(path, ZipBytes.Checkpoint(pickle, [("0", Bytes(doubles))]).ToArray());
        using PyTorchFile file = PyTorchFile.Open(path);
        Assert.Equal([1, float.PositiveInfinity, float.NaN, 0], file.Load("v", device).ToArray());
        string message = Assert.Throws<InputException>(() => file.Load("w", device)).Message;
        Assert.Contains("tensor \"w\" F64 [5]: element 4 is 3.5E+38", message, StringComparison.Ordinal);
    }

    private void AssertRefused(string expected, byte[] file)
    {
        File.WriteAllBytes(path, file);
        Fails.With<InputException>(expected, () => PyTorchFile.Open(path));
    }

    private static byte[] Content(PyTorchFile file, string name)
    {
        MappedBytes bytes = file.Bytes(name);
        return bytes.Span(0, (int)bytes.Length).ToArray();
    }

    private static byte[] Bytes<T>(T[] values) where T : struct => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static ushort Upper(float value) => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
}
