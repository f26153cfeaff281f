using Sharpformer.Tensors;
using Sharpformer.Tensors.PyTorch;

namespace Sharpformer.Tests.Tensors.PyTorch;

/// <summary>Cuts and damages good files in every place: each is either refused in a sentence or wholly usable.</summary>
public sealed class PyTorchFuzzTests : IDisposable
{
    private static readonly byte[] Telling =
    [
        .. "(.)]}abcehijlopqrstuNQRX"u8, 0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x8a, 0x8d, 0x93, 0x94, 0x95, 0xFF,
    ];

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string path;

    public PyTorchFuzzTests() => path = folder.File("pytorch_model.bin");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_cut_short_is_refused()
    {
        foreach (byte[] file in Seeds())
        {
            Assert.True(IsUsable(file));
            for (int length = 0; length < file.Length; length += length < file.Length - 600 ? 3 : 1)
                Assert.False(IsUsable(file[..length]), $"cut at byte {length} of {file.Length}");
        }
    }

    [Fact]
    public void A_damaged_file_is_refused_or_wholly_readable()
    {
        byte[][] seeds = [.. Seeds()];
        var random = new Random(20261123);
        int usable = 0;
        const int Mutations = 2500;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] file = [.. seeds[random.Next(seeds.Length)]];
            int steps = random.Next(1, 4);
            for (int step = 0; step < steps; step++) file = Mutate(file, seeds[random.Next(seeds.Length)], random);
            if (IsUsable(file)) usable++;
        }

        // Both outcomes are common, or the test would show little.
        Assert.InRange(usable, Mutations / 50, Mutations / 5 * 4);
    }

    private static byte[] Mutate(byte[] file, byte[] other, Random random)
    {
        int at = random.Next(file.Length);
        switch (random.Next(6))
        {
            case 0:
                file[at] ^= (byte)(1 << random.Next(8));
                return file;
            case 1:
                file[at] = (byte)random.Next(256);
                return file;
            case 2: // an instruction or length that means something
                file[at] = Telling[random.Next(Telling.Length)];
                return file;
            case 3: // a number anywhere becomes a large one
                byte[] number = BitConverter.GetBytes(random.NextInt64(long.MinValue, long.MaxValue));
                number.AsSpan(0, Math.Min(8, file.Length - at)).CopyTo(file.AsSpan(at));
                return file;
            case 4: // a piece of another file
                int from = random.Next(other.Length);
                int length = Math.Min(random.Next(1, 40), Math.Min(other.Length - from, file.Length - at));
                other.AsSpan(from, length).CopyTo(file.AsSpan(at));
                return file;
            default: // a piece twice or away
                return random.Next(2) == 0
                    ? [.. file[..at], .. file[Math.Max(0, at - random.Next(9))..]]
                    : [.. file[..at], .. file[Math.Min(file.Length, at + random.Next(9))..]];
        }
    }

    private bool IsUsable(byte[] content)
    {
        File.WriteAllBytes(path, content);
        try
        {
            using PyTorchFile file = PyTorchFile.Open(path);
            foreach (TensorInfo tensor in file.Tensors)
            {
                MappedBytes bytes = file.Bytes(tensor.Name);
                Assert.Equal(tensor.Length, bytes.Length);
                byte[] all = bytes.Span(0, (int)bytes.Length).ToArray(), again = new byte[all.Length]; // touches every page
                file.Read(tensor.Name, 0, again);
                Assert.Equal(all, again);
            }

            return true;
        }
        catch (InputException e)
        {
            Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
            Assert.True(e.Message.Length is >= 20 and <= 1500, e.Message);
            return false;
        }
    }

    private static IEnumerable<byte[]> Seeds()
    {
        SavedTensor[] tensors =
        [
            new("a", "FloatStorage", "0", 6, [2, 3]), new("b", "FloatStorage", "0", 6, [3, 2]) { Stride = [1, 3] },
            new("c", "HalfStorage", "1", 2, [2]) { Parameter = true },
        ];
        byte[] floats = new byte[24], halves = new byte[4];
        byte[] pickle = new PickleBytes().StateDict(tensors).Stop();
        yield return ZipBytes.Checkpoint(pickle, [("0", floats), ("1", halves)]).ToArray();
        yield return ZipBytes.Checkpoint(pickle, [("0", floats), ("1", halves)], zip64: true).ToArray();
        yield return LegacyBytes.Create(new PickleBytes().StateDict(tensors, legacy: true).Stop(), [("0", 6, floats), ("1", 2, halves)]);
    }
}
