using System.Text;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using static Sharpformer.Tests.Tensors.SafeTensorsBytes;

namespace Sharpformer.Tests.Tensors;

public sealed class SafeTensorsWriterTests : IDisposable
{
    private static readonly string[] DTypes = ["F32", "F16", "BF16", "F64", "I64", "U8", "BOOL", "I16"];

    private static readonly string[] OddNames =
    [
        "", " ", "\"quoted\"", "back\\slash", "new\nline", "nul\0", "日本語", "😀", "dtype", "a/b.c", "{}", "__metadata",
    ];

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string path;

    public SafeTensorsWriterTests() => path = folder.File("model.safetensors");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_bytes_are_exactly_these()
    {
        SafeTensorsWriter.Write(
            path, [Entry("b", "U8", [3], 7), Entry("a", "F32", [], 1)], new Dictionary<string, string> { ["z"] = "2", ["é"] = "\"1\"" });
        const string Header = """{"__metadata__":{"z":"2","é":"\"1\""},"a":"""
            + """{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}}""";
        string padded = Header + new string(' ', 7 - (Encoding.UTF8.GetByteCount(Header) + 7) % 8);
        byte[] expected = [.. Create(padded, 0), 1, 1, 1, 1, 7, 7, 7];
        Assert.Equal(Encoding.UTF8.GetString(expected), Encoding.UTF8.GetString(File.ReadAllBytes(path)));
        Assert.Equal(0, BitConverter.ToInt64(expected) % 8);
    }

    [Fact]
    public void What_was_written_is_read_and_the_order_given_does_not_matter()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            SafeTensorsEntry[] entries = [.. OddNames.Take(random.Next(OddNames.Length + 1)).Select(name => RandomEntry(name, random))];
            var metadata = OddNames.Take(random.Next(4)).ToDictionary(name => name, name => name + "!");
            SafeTensorsWriter.Write(path, entries, metadata);
            byte[] first = File.ReadAllBytes(path);

            using SafeTensorsFile file = SafeTensorsFile.Open(path);
            Assert.Equal(metadata, file.Metadata);
            Assert.Equal(entries.Select(e => e.Info.Name).Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
            foreach (SafeTensorsEntry entry in entries)
            {
                TensorInfo info = file.Info(entry.Info.Name);
                Assert.Equal((entry.Info.DType, entry.Info.Length), (info.DType, info.Length));
                Assert.Equal(entry.Info.Shape, info.Shape);
                Assert.Equal(ContentOf(info.Name, info.Length), file.Bytes(info.Name).Span(0, (int)info.Length).ToArray());
            }

            random.Shuffle(entries);
            SafeTensorsWriter.Write(path, entries, metadata.Reverse().ToDictionary());
            Assert.Equal(first, File.ReadAllBytes(path));
        }
    }

    [Fact]
    public void Real_checkpoints_survive_a_copy()
    {
        foreach (string source in Directory.EnumerateFiles(TestFiles.Golden("families"), "*.safetensors", SearchOption.AllDirectories))
        {
            using SafeTensorsFile original = SafeTensorsFile.Open(source);
            SafeTensorsWriter.Write(
                path, [.. original.Tensors.Select(t => new SafeTensorsEntry(t.Name, t.DType, t.Shape, original.Bytes(t.Name)))],
                original.Metadata);
            using SafeTensorsFile copy = SafeTensorsFile.Open(path);
            foreach (TensorInfo t in original.Tensors)
                Assert.True(original.Bytes(t.Name).Span(0, (int)t.Length).SequenceEqual(copy.Bytes(t.Name).Span(0, (int)t.Length)), t.Name);
        }
    }

    [Fact]
    public void A_file_may_be_replaced_by_what_is_read_from_it()
    {
        SafeTensorsWriter.Write(path, [Entry("x", "U8", [100_000], 5)]);
        using SafeTensorsFile old = SafeTensorsFile.Open(path);
        SafeTensorsWriter.Write(path, [new SafeTensorsEntry("y", "U8", [100_000], old.Bytes("x"))]);
        using SafeTensorsFile replaced = SafeTensorsFile.Open(path);
        Assert.True(replaced.Bytes("y").Span(0, 100_000).SequenceEqual(old.Bytes("x").Span(0, 100_000)));
        AssertOnlyFile();
    }

    [Fact]
    public void What_cannot_be_stored_is_the_callers_mistake_and_leaves_no_file()
    {
        Assert.Throws<ArgumentException>(() => SafeTensorsWriter.Write(path, [Entry("x", "U8", [1], 0), Entry("x", "F32", [1], 0)]));
        Assert.Throws<ArgumentException>(() => SafeTensorsWriter.Write(path, [Entry("__metadata__", "U8", [1], 0)]));
        Assert.Throws<EncoderFallbackException>(() => SafeTensorsWriter.Write(path, [Entry("\ud800", "U8", [1], 0)]));
        Assert.Throws<EncoderFallbackException>(
            () => SafeTensorsWriter.Write(path, [], new Dictionary<string, string> { ["a"] = "\udc00" }));
        Assert.Throws<ArgumentException>(() => new SafeTensorsEntry("x", "F31", [1], MappedBytes.Copy(new byte[4])));
        Assert.Throws<ArgumentException>(() => new SafeTensorsEntry("x", "F32", [2], MappedBytes.Copy(new byte[4])));
        Assert.Throws<ArgumentException>(() => new SafeTensorsEntry("x", "F32", [long.MaxValue, 9], MappedBytes.Copy(new byte[4])));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SafeTensorsEntry("x", "F32", [-1, -1], MappedBytes.Copy(new byte[4])));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Places_that_cannot_be_written_are_refused_and_left_alone()
    {
        AssertRefused(folder.File("nowhere/x.safetensors"));
        AssertRefused(folder.Path);
        AssertRefused(folder.File(new string('n', 300)));
        AssertRefused("");
        AssertRefused("a\0b");
        if (OperatingSystem.IsLinux()) AssertRefused("/proc/x.safetensors");
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private void AssertOnlyFile() => Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));

    private static void AssertRefused(string path)
    {
        var error = Assert.Throws<InputException>(() => SafeTensorsWriter.Write(path, [Entry("x", "U8", [1], 0)]));
        Assert.Contains(path.Length == 0 ? "no path" : path.Split('\0')[0], error.Message, StringComparison.Ordinal);
    }

    private static SafeTensorsEntry Entry(string name, string dtype, long[] shape, byte content)
    {
        int size = dtype == "F32" ? 4 : 1;
        byte[] bytes = new byte[size * (int)shape.Aggregate(1L, (a, b) => a * b)];
        Array.Fill(bytes, content);
        return new SafeTensorsEntry(name, dtype, shape, MappedBytes.Copy(bytes));
    }

    private static SafeTensorsEntry RandomEntry(string name, Random random)
    {
        string dtype = DTypes[random.Next(DTypes.Length)];
        int size = dtype switch { "F64" or "I64" => 8, "F32" => 4, "U8" or "BOOL" => 1, _ => 2 };
        long[] shape = [.. Enumerable.Range(0, random.Next(4)).Select(_ => (long)random.Next(5))];
        long length = shape.Aggregate((long)size, (a, b) => a * b);
        return new SafeTensorsEntry(name, dtype, shape, MappedBytes.Copy(ContentOf(name, length)));
    }

    private static byte[] ContentOf(string name, long length)
    {
        byte[] bytes = new byte[length];
        new Random(Encoding.UTF8.GetBytes(name).Sum(b => b)).NextBytes(bytes);
        return bytes;
    }
}
