using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Tests.Tensors;

public sealed class SafeTensorsLoadTests : IDisposable
{
    private static readonly float[] Exact = [0, -0f, 1, -1.5f, 0.25f, 2048, float.PositiveInfinity, float.NaN];
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly CpuDevice device = new(threads: 1);
    private readonly string path;

    public SafeTensorsLoadTests() => path = folder.File("model.safetensors");

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Half_precision_is_widened_and_narrowed_back_to_the_same_bits()
    {
        SafeTensorsEntry[] entries =
        [
            new("f16", "F16", [2, 4], Bytes(Exact, x => BitConverter.HalfToUInt16Bits((Half)x))),
            new("bf16", "BF16", [8], Bytes(Exact, x => (ushort)(BitConverter.SingleToUInt32Bits(x) >> 16))),
            new("all f16", "F16", [65536], Bytes(Enumerable.Range(0, 65536), x => (ushort)x)),
            new("all bf16", "BF16", [65536], Bytes(Enumerable.Range(0, 65536), x => (ushort)x)),
        ];
        SafeTensorsWriter.Write(path, entries);
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        Assert.Equal((DType.F16, new Shape(2, 4)), (file.Load("f16", device).DType, file.Load("f16", device).Shape));
        Assert.Equal(Exact, file.Load("f16", device).ToArray());
        Assert.Equal(Exact, file.Load("bf16", device).ToArray());

        string copyPath = folder.File("copy.safetensors");
        SafeTensorsWriter.Write(copyPath, [.. file.Names.Select(name => new SafeTensorsEntry(name, file.Load(name, device)))]);
        using SafeTensorsFile copy = SafeTensorsFile.Open(copyPath);
        foreach (TensorInfo info in file.Tensors)
        {
            ReadOnlySpan<byte> expected = file.Bytes(info.Name).Span(0, (int)info.Length);
            ReadOnlySpan<byte> actual = copy.Bytes(info.Name).Span(0, (int)info.Length);
            for (int i = 0; i < expected.Length; i += 2)
            {
                ushort bits = BitConverter.ToUInt16(expected[i..]);
                // Converting a signalling NaN quiets it; every other value keeps its bits.
                bool isNaN = info.DType == "F16"
                    ? Half.IsNaN(BitConverter.UInt16BitsToHalf(bits))
                    : float.IsNaN(BitConverter.UInt32BitsToSingle((uint)bits << 16));
                if (!isNaN) Assert.Equal(bits, BitConverter.ToUInt16(actual[i..]));
            }
        }
    }

    [Fact]
    public void Float32_tensors_scalars_and_empty_ones_come_back()
    {
        Tensor matrix = device.From(Exact, 2, 4);
        SafeTensorsWriter.Write(
            path, [new("part", matrix.Slice(1, 1)), new("scalar", device.From([3])), new("none", device.Allocate(0, 5))]);
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        Assert.Equal(Exact[4..], file.Load("part", device).ToArray());
        Assert.Equal(new Shape(1, 4), file.Load("part", device).Shape);
        Assert.Equal(3, file.Load("scalar", device).ToScalar());
        Assert.Equal(new Shape(0, 5), file.Load("none", device).Shape);
    }

    [Fact]
    public void Tensors_outlive_the_file_and_its_replacement()
    {
        SafeTensorsWriter.Write(path, [new("x", device.From(Exact, 8))]);
        Tensor tensor;
        using (SafeTensorsFile file = SafeTensorsFile.Open(path)) tensor = file.Load("x", device);
        SafeTensorsWriter.Write(path, []);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(Exact, tensor.ToArray());
    }

    [Fact]
    public void A_failure_halfway_leaves_the_old_file_and_nothing_else()
    {
        Tensor tensor;
        using (device.Scope()) tensor = device.From(Exact, 8);
        SafeTensorsWriter.Write(path, [new("old", device.From(Exact, 8))]);
        byte[] old = File.ReadAllBytes(path);
        Tensor large = device.Zeros(new Shape(1 << 20));
        // "a" is already in the temporary file when "b" turns out to have outlived its scope.
        Assert.Throws<ObjectDisposedException>(() => SafeTensorsWriter.Write(path, [new("a", large), new("b", tensor)]));
        Assert.Equal(old, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void What_the_engine_cannot_compute_with_is_named()
    {
        string ids = SafeTensorsBytes.Entry("ids", "I64", "[0]", "[0,0]");
        string wide = SafeTensorsBytes.Entry("wide", "F32", "[0,3000000000]", "[0,0]");
        File.WriteAllBytes(path, SafeTensorsBytes.Create($"{{{ids},{wide}}}", 0));
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        AssertRefused(file, "ids", "tensor \"ids\" I64 [0]: expected F32, F16, BF16 or F64");
        AssertRefused(file, "wide", "dimension 1 is 3000000000, expected at most 2147483647");
    }

    private void AssertRefused(SafeTensorsFile file, string name, string reason)
    {
        var error = Assert.Throws<InputException>(() => file.Load(name, device));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    private static MappedBytes Bytes<T>(IEnumerable<T> values, Func<T, ushort> bits) =>
        MappedBytes.Copy([.. values.SelectMany(value => BitConverter.GetBytes(bits(value)))]);
}
