using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using static Sharpformer.Tests.Tensors.SafeTensorsBytes;

namespace Sharpformer.Tests.Tensors;

public sealed class SafeTensorsReaderTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string path;

    public SafeTensorsReaderTests() => path = folder.File("model.safetensors");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_bundled_model_opens()
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(TestFiles.Model, "model.safetensors"));
        Assert.Equal(76, file.Tensors.Count);
        TensorInfo info = file.Info("wte.weight");
        Assert.Equal(("F16", 7015L * 256, 7015L * 256 * 2), (info.DType, info.Count, info.Length));
        Assert.Equal([7015L, 256], info.Shape);
        Assert.Equal(info.Length, file.Bytes(info.Name).Length);
        Assert.Equal("\"wte.weight\" F16 [7015,256]", info.ToString());
    }

    [Fact]
    public void Tensors_come_in_the_order_of_their_data_with_their_bytes()
    {
        string header = $"{{{Entry("b", "U8", "[2,1]", "[4,6]")},\"__metadata__\":{{\"format\":\"pt\"}},"
            + $"{Entry("a", "F32", "[]", "[0,4]")},{Entry("none", "I64", "[3,0]", "[0,0]")}}}   ";
        using SafeTensorsFile file = Open(Create(header, 6));
        Assert.Equal(["none", "a", "b"], file.Names);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Empty(file.Info("a").Shape);
        Assert.Equal([0, 1, 2, 3], file.Bytes("a").Span(0, 4).ToArray());
        Assert.Equal([4, 5], file.Bytes("b").Span(0, 2).ToArray());
        Assert.Equal((0, 0), (file.Bytes("none").Length, file.Info("none").Count));
        Assert.True(file.Contains("a"));
        Assert.False(file.Contains("__metadata__"));
    }

    [Theory]
    [InlineData("BOOL", 1)]
    [InlineData("F8_E5M2", 1)]
    [InlineData("I16", 2)]
    [InlineData("U32", 4)]
    [InlineData("F64", 8)]
    [InlineData("I64", 8)]
    public void All_element_types_have_their_size(string dtype, int size)
    {
        using SafeTensorsFile file = Open(Create($"{{{Entry("x", dtype, "[2]", $"[0,{2 * size}]")}}}", 2 * size));
        Assert.Equal((2, 2 * size), (file.Info("x").Count, file.Bytes("x").Length));
    }

    [Fact]
    public void A_file_without_tensors_is_valid()
    {
        using SafeTensorsFile file = Open(Create("{}", 0));
        Assert.Empty(file.Tensors);
    }

    [Fact]
    public void Bytes_outlive_the_file_object()
    {
        SafeTensorsFile file = Open(Create($"{{{Entry("x", "U8", "[4]", "[0,4]")}}}", 4));
        MappedBytes bytes = file.Bytes("x");
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes("x"));
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal([0, 1, 2, 3], bytes.Span(0, 4).ToArray());
        GC.KeepAlive(bytes);
    }

    [Fact]
    public void Files_beyond_2_GiB_are_read_at_long_offsets()
    {
        const long Large = 3L << 30;
        byte[] start = Create(
            $"{{{Entry("large", "U8", $"[{Large}]", $"[0,{Large}]")},{Entry("last", "U8", "[2]", $"[{Large},{Large + 2}]")}}}", 0);
        using (FileStream stream = File.Create(path))
        {
            stream.Write(start);
            stream.SetLength(start.Length + Large + 2); // Sparse: takes no room.
            stream.Position = stream.Length - 1;
            stream.WriteByte(7);
        }

        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        Assert.Equal([0, 7], file.Bytes("last").Span(0, 2).ToArray());
        Assert.Equal([0], file.Bytes("large").Span(Large - 1, 1).ToArray());
    }

    [Fact]
    public void A_missing_tensor_is_named()
    {
        using SafeTensorsFile file = Open(Create("{}", 0));
        var error = Assert.Throws<InputException>(() => file.Bytes("h.0\n"));
        Assert.Contains($"{path}: no tensor \"h.0\\n\" among its 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_a_folder_and_an_impossible_path_are_refused()
    {
        AssertRefused(folder.File("nowhere/x"), "cannot be read");
        AssertRefused(folder.Path, "got a folder");
        AssertRefused("", "cannot be read");
        AssertRefused("a\0b", "cannot be read");
    }

    [Theory]
    [InlineData(0, "is empty")]
    [InlineData(1, "1 bytes, expected at least the 8")]
    [InlineData(7, "7 bytes, expected at least the 8")]
    public void A_file_shorter_than_its_prefix_is_refused(int length, string told)
    {
        File.WriteAllBytes(path, new byte[length]);
        AssertRefused(path, told);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(100_000_001)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    public void A_header_length_beyond_the_file_is_refused(long length)
    {
        File.WriteAllBytes(path, Create("{}"u8.ToArray(), 0, length));
        AssertRefused(path, $"announce a header of {(ulong)length} bytes, expected at most 2");
    }

    [Fact]
    public void A_header_of_more_than_100_MB_is_refused_even_if_it_is_there()
    {
        File.WriteAllBytes(path, Create("{}"u8.ToArray(), 0, 100_000_001));
        using (FileStream stream = File.OpenWrite(path)) stream.SetLength(200_000_000);
        AssertRefused(path, "expected at most 100000000");
    }

    [Theory]
    [InlineData("", "no JSON object")]
    [InlineData(" {}", "no JSON object")]
    [InlineData("[]", "no JSON object")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}}", "not valid JSON")]
    [InlineData("{} x", "not valid JSON")]
    [InlineData("{} {}", "not valid JSON")]
    [InlineData("{\"a\":}", "not valid JSON")]
    [InlineData("{\"\\ud800\":{}}", "not valid JSON")]
    [InlineData("{\"a\":1}", "tensor \"a\": it is a number, expected an object")]
    [InlineData("{\"a\":null}", "is null, expected an object")]
    [InlineData("{\"a\":{}}", "the field dtype is missing")]
    [InlineData("{\"a\":{\"dtype\":1}}", "\"dtype\" is a number, expected a text")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", "the field dtype appears twice")]
    [InlineData("{\"a\":{\"shape\":[],\"shape\":[]}}", "the field shape appears twice")]
    [InlineData("{\"a\":{\"data_offsets\":[0,0],\"data_offsets\":[0,0]}}", "the field data_offsets appears twice")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", "the field data_offsets is missing")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}", "the field shape is missing")]
    [InlineData("{\"a\":{\"extra\":[[[[]]]]}}", "unknown field \"extra\"")]
    [InlineData("{\"a\":{\"shape\":{}}}", "\"shape\" is an object, expected a list")]
    [InlineData("{\"__metadata__\":1}", "it is a number, expected an object")]
    [InlineData("{\"__metadata__\":{\"a\":1}}", "\"a\" is a number, expected a text")]
    [InlineData("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", "the metadata \"a\" appears twice")]
    [InlineData("{\"__metadata__\":{},\"__metadata__\":{}}", "the name \"__metadata__\" appears twice")]
    public void A_header_that_is_not_as_it_should_be_is_refused(string header, string reason)
    {
        File.WriteAllBytes(path, Create(header, 0));
        AssertRefused(path, reason);
    }

    [Theory]
    [InlineData("F33", "[1]", "[0,4]", "unknown dtype \"F33\"")]
    [InlineData("f32", "[1]", "[0,4]", "unknown dtype")]
    [InlineData("F32", "[-1]", "[0,4]", "shape holds something other than whole numbers")]
    [InlineData("F32", "[1.0]", "[0,4]", "shape holds something other")]
    [InlineData("F32", "[1e0]", "[0,4]", "shape holds something other")]
    [InlineData("F32", "[\"1\"]", "[0,4]", "shape holds something other")]
    [InlineData("F32", "[[1]]", "[0,4]", "shape holds something other")]
    [InlineData("F32", "[9223372036854775808]", "[0,4]", "shape holds something other")]
    [InlineData("F32", "[4294967296,4294967296]", "[0,4]", "more bytes than can be counted")]
    [InlineData("F32", "[2305843009213693952]", "[0,4]", "more bytes than can be counted")]
    [InlineData("F32", "[4611686018427387905]", "[0,4]", "more bytes than can be counted")]
    [InlineData("F32", "[1]", "[0]", "data_offsets has 1 numbers")]
    [InlineData("F32", "[1]", "[0,4,8]", "data_offsets has 3 numbers")]
    [InlineData("F32", "[1]", "[-4,0]", "data_offsets holds something other")]
    [InlineData("F32", "[1]", "[0,4.0]", "data_offsets holds something other")]
    [InlineData("F32", "[1]", "[4,0]", "begin 4 lies behind end 0")]
    [InlineData("F32", "[2]", "[0,4]", "takes 8 bytes, but data_offsets 0 to 4 hold 4")]
    [InlineData("F32", "[]", "[0,0]", "takes 4 bytes")]
    [InlineData("F32", "[2]", "[0,8]", "the file holds 4 bytes of data")]
    [InlineData("F32", "[1]", "[4,8]", "the file holds 4 bytes of data")]
    [InlineData("U8", "[1]", "[9223372036854775806,9223372036854775807]", "the file holds 4 bytes of data")]
    [InlineData("U8", "[2]", "[2,4]", "begins at byte 2 and leaves a hole before it, expected 0")]
    [InlineData("U8", "[2]", "[0,2]", "the tensors take 2 bytes, but 4 bytes of data follow")]
    [InlineData("U16", "[1]", "[1,3]", "begins at byte 1 and leaves a hole before it, expected 0")]
    public void A_tensor_that_is_not_as_it_should_be_is_refused(string dtype, string shape, string offsets, string reason)
    {
        File.WriteAllBytes(path, Create($"{{{Entry("x", dtype, shape, offsets)}}}", 4));
        AssertRefused(path, reason);
    }

    [Theory]
    [InlineData(0, "[1]", "[0,1]")]
    [InlineData(1, "[1]", "[0,1]")]
    [InlineData(3, "[4]", "[0,4]")]
    public void Tensors_at_odd_addresses_are_read(int blanks, string shape, string offsets)
    {
        int start = offsets == "[0,1]" ? 1 : 4;
        string header = $"{{{Entry("odd", "U8", shape, offsets)},{Entry("f", "F32", "[2]", $"[{start},{start + 8}]")}}}";
        byte[] bytes = Create(header + new string(' ', blanks), start + 8);
        File.WriteAllBytes(path, bytes);
        using var device = new Sharpformer.Tensors.Cpu.CpuDevice(threads: 1);
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        float[] expected = [BitConverter.ToSingle(bytes, bytes.Length - 8), BitConverter.ToSingle(bytes, bytes.Length - 4)];
        Assert.Equal(expected, file.Load("f", device).ToArray());
        float[] read = new float[2];
        file.ReadFloats("f", 0, read);
        Assert.Equal(expected, read);
    }

    [Fact]
    public void A_header_of_more_tensors_than_any_model_has_is_refused()
    {
        string entries = string.Join(',', Enumerable.Range(0, (1 << 17) + 1).Select(i => Entry($"{i}", "U8", "[0]", "[0,0]")));
        File.WriteAllBytes(path, Create($"{{{entries}}}", 0));
        AssertRefused(path, "the header names more than 131072 tensors");
    }

    [Theory]
    [InlineData("[0,4]", "[3,7]", "tensor \"b\": begins at byte 3 and overlaps the tensor before it, expected 4")]
    [InlineData("[0,4]", "[0,4]", "overlaps")]
    [InlineData("[4,8]", "[4,8]", "hole")]
    [InlineData("[0,4]", "[5,9]", "hole")]
    public void Overlaps_and_holes_are_refused(string a, string b, string reason)
    {
        File.WriteAllBytes(path, Create($"{{{Entry("a", "U8", "[4]", a)},{Entry("b", "U8", "[4]", b)}}}", 9));
        AssertRefused(path, reason);
    }

    [Fact]
    public void A_name_that_appears_twice_is_refused()
    {
        File.WriteAllBytes(path, Create($"{{{Entry("a", "U8", "[0]", "[0,0]")},{Entry("\\u0061", "U8", "[0]", "[0,0]")}}}", 0));
        AssertRefused(path, "the name \"a\" appears twice");
    }

    [Fact]
    public void Deep_nesting_bad_UTF8_and_long_names_are_refused_in_one_short_sentence()
    {
        File.WriteAllBytes(path, Create("{\"a\":" + new string('[', 1_000_000), 0));
        AssertRefused(path, "is a list, expected an object");
        File.WriteAllBytes(path, Create("{\"a\":{\"shape\":[" + new string('[', 1_000_000), 0));
        AssertRefused(path, "something other");
        File.WriteAllBytes(path, Create([.. "{\"x"u8, 0xC0, 0x80, .. "\":{}}"u8], 0));
        AssertRefused(path, "not valid UTF-8");
        File.WriteAllBytes(path, Create($"{{{Entry(new string('n', 1_000_000), "U8", "[1]", "[0,0]")}}}", 0));
        AssertRefused(path, "nnn…");
        File.WriteAllBytes(path, Create($"{{{Entry("x", "U8", $"[{string.Join(',', Enumerable.Repeat(1, 100_000))}]", "[0,0]")}}}", 0));
        AssertRefused(path, "… 100000 dimensions");
    }

    private SafeTensorsFile Open(byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        return SafeTensorsFile.Open(path);
    }

    private static void AssertRefused(string path, string reason)
    {
        var error = Assert.Throws<InputException>(() => SafeTensorsFile.Open(path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains("Hint: ", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 1, 600);
    }
}
