using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.LinearAlgebra;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Tests.Tensors.LinearAlgebra;

public sealed class SecondMomentFileTests : IDisposable
{
    private const int Size = 29;
    private static readonly Dictionary<string, string> Source = new() { ["model"] = "abc", ["layer"] = "17", ["corpus"] = "é\n" };
    private readonly CpuDevice device = new(2);
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string path;

    public SecondMomentFileTests() => path = folder.File("c.safetensors");

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_collection_that_was_interrupted_ends_with_the_bits_of_an_undisturbed_one()
    {
        const int Rows = 600;
        float[] vectors = SecondMomentTests.Vectors(Size, Rows);
        SecondMoment undisturbed = new(Size), resumed = new(Size);
        undisturbed.Add(vectors, device);
        for (int row = 0; row < Rows; row += 100)
        {
            resumed.Save(path, new Dictionary<string, string>(Source) { ["tokens_done"] = $"{row}" });
            (resumed, IReadOnlyDictionary<string, string> metadata) = SecondMoment.Load(path, Size, Source);
            Assert.Equal(new Dictionary<string, string>(Source) { ["tokens_done"] = $"{row}" }, metadata);
            Assert.Equal(row, resumed.Count);
            resumed.Add(vectors.AsSpan(row * Size, 100 * Size), device);
        }

        SecondMomentTests.AssertSame(undisturbed.Mean(), resumed.Mean());
        undisturbed.Save(path, Source);
        byte[] expected = File.ReadAllBytes(path);
        resumed.Save(path, Source);
        Assert.Equal(expected, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void The_file_holds_the_whole_sum_for_other_programs()
    {
        SecondMoment moment = Saved();
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        Assert.Equal(("29", "40", "17"), (file.Metadata["m"], file.Metadata["n"], file.Metadata["layer"]));
        TensorInfo info = Assert.Single(file.Tensors);
        Assert.Equal(("c", "F64"), (info.Name, info.DType));
        Assert.Equal([Size, Size], info.Shape);
        ReadOnlySpan<byte> bytes = file.Bytes("c").Span(0, Size * Size * sizeof(double));
        SymmetricMatrix mean = moment.Mean();
        for (int i = 0; i < Size * Size; i++) Assert.Equal(mean[i / Size, i % Size], BitConverter.ToDouble(bytes[(8 * i)..]) / 40);
        GC.KeepAlive(file);
    }

    [Theory]
    [InlineData("model", "abd", "its \"model\" is \"abc\", expected \"abd\".")]
    [InlineData("n", "41", "its \"n\" is \"40\", expected \"41\".")]
    [InlineData("revision", "2", "it does not say its \"revision\", expected \"2\".")]
    public void Another_source_is_refused(string key, string value, string message)
    {
        Saved();
        AssertRefused(Size, new Dictionary<string, string> { [key] = value }, message);
        AssertRefused(Size + 1, Source, "its \"m\" is \"29\", expected \"30\".");
    }

    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        Saved();
        byte[] whole = File.ReadAllBytes(path);
        for (int at = 0; at < whole.Length; at += 3)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= (byte)(1 << at % 8);
            File.WriteAllBytes(path, damaged);
            var error = Assert.Throws<InputException>(() => SecondMoment.Load(path, Size, Source));
            Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_cut_short_and_a_file_of_something_else_are_refused()
    {
        Saved();
        byte[] whole = File.ReadAllBytes(path);
        foreach (int length in new[] { 0, 7, 100, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<InputException>(() => SecondMoment.Load(path, Size, Source));
        }

        File.Delete(path);
        AssertRefused(Size, Source, "cannot be read");
        SafeTensorsWriter.Write(path, [new SafeTensorsEntry("c", "F64", [1], MappedBytes.Copy(new byte[8]))], Source);
        AssertRefused(Size, Source, "expected a second moment");
    }

    [Fact]
    public void What_cannot_be_written_leaves_the_old_file()
    {
        SecondMoment moment = Saved();
        byte[] whole = File.ReadAllBytes(path);
        moment.Add(new float[Size], device);
        Assert.Throws<OperationCanceledException>(() => moment.Save(path, Source, new CancellationToken(true)));
        foreach (string reserved in new[] { "m", "n", "sha256" })
            Assert.Throws<ArgumentException>(() => moment.Save(path, new Dictionary<string, string> { [reserved] = "1" }));
        Assert.Throws<InputException>(() => moment.Save(folder.File("none/c.safetensors"), Source));
        Assert.Equal(whole, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    private SecondMoment Saved()
    {
        var moment = new SecondMoment(Size);
        moment.Add(SecondMomentTests.Vectors(Size, 40), device);
        moment.Save(path, Source);
        return moment;
    }

    private void AssertRefused(int size, Dictionary<string, string> expected, string message)
    {
        string told = Assert.Throws<InputException>(() => SecondMoment.Load(path, size, expected)).Message;
        Assert.StartsWith(path + ": ", told, StringComparison.Ordinal);
        Assert.Contains(message, told, StringComparison.Ordinal);
    }
}
