using System.Buffers.Binary;
using System.Text;
using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using static Sharpformer.Tests.Tensors.SafeTensorsBytes;

namespace Sharpformer.Tests.Tensors;

/// <summary>Damages valid files in thousands of seeded ways: each is either refused in a sentence or wholly usable.</summary>
public sealed class SafeTensorsFuzzTests : IDisposable
{
    private static readonly string[] Tokens =
    [
        "-1", "0", "1", "4", "1.5", "1e3", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551616",
        "\"F32\"", "\"F16\"", "\"U8\"", "\"F7\"", "\"a\"", "\"__metadata__\"", "\"shape\"", "\"dtype\"", "\"data_offsets\"",
        "\"\\ud800\"", "[]", "[0,0]", "[[", "{}", "{", "}", "]",
        ",", ":", "null", "true", " ", "\"", "\\", "\u00e9",
    ];

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Damaged_files_are_refused_or_wholly_readable()
    {
        IEnumerable<string> golden = Directory.EnumerateFiles(TestFiles.Golden("families"), "*.safetensors", SearchOption.AllDirectories);
        byte[][] seeds = [.. SmallFiles(), .. golden.Order(StringComparer.Ordinal).Select(Shrink)];
        string path = folder.File("x.safetensors");
        foreach (byte[] seed in seeds) Assert.True(IsUsable(path, seed), "every seed is valid");

        var random = new Random(20261123);
        int usable = 0;
        const int Mutations = 3000;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] file = seeds[random.Next(seeds.Length)];
            int steps = random.Next(1, 4);
            for (int step = 0; step < steps; step++) file = Mutate(file, seeds[random.Next(seeds.Length)], random);
            if (IsUsable(path, file)) usable++;
        }

        // Both outcomes are common, or the test would show little.
        Assert.InRange(usable, Mutations / 50, Mutations / 2);
    }

    private static bool IsUsable(string path, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        try
        {
            using SafeTensorsFile file = SafeTensorsFile.Open(path);
            long expectedStart = 0;
            byte[] data = bytes[(8 + (int)BinaryPrimitives.ReadInt64LittleEndian(bytes))..];
            foreach (TensorInfo tensor in file.Tensors)
            {
                Assert.Equal(expectedStart, tensor.Start);
                Assert.Equal(tensor.Shape.Aggregate(1L, (a, b) => a * b), tensor.Count);
                MappedBytes content = file.Bytes(tensor.Name);
                Assert.Equal(tensor.Length, content.Length);
                Assert.True(content.Span(0, (int)content.Length).SequenceEqual(data.AsSpan((int)tensor.Start, (int)tensor.Length)));
                expectedStart += tensor.Length;
            }

            Assert.Equal(data.Length, expectedStart);
            return true;
        }
        catch (InputException e)
        {
            Assert.Contains(path, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
            Assert.True(e.Message.Length is >= 20 and <= 1000, e.Message);
            return false;
        }
    }

    private static byte[] Mutate(byte[] file, byte[] other, Random random)
    {
        int headerEnd = file.Length < 8 ? file.Length : (int)Math.Clamp(BinaryPrimitives.ReadInt64LittleEndian(file) + 8, 8, file.Length);
        switch (random.Next(8))
        {
            case 0: return file[..random.Next(file.Length + 1)];
            case 1: return [.. file, .. new byte[random.Next(1, 20)]];
            case 2: return [.. file[..random.Next(file.Length + 1)], .. other[random.Next(other.Length + 1)..]];
            case 3: return Flip(file, random.Next(file.Length + 1), random);
            case 4: return Flip(file, random.Next(Math.Min(8, file.Length) + 1), random);
            case 5: return Flip(file, random.Next(headerEnd + 1), random);
            default: return EditHeader(file, headerEnd, random);
        }
    }

    private static byte[] Flip(byte[] file, int at, Random random)
    {
        byte[] copy = [.. file];
        if (at < copy.Length) copy[at] ^= (byte)(1 << random.Next(8));
        return copy;
    }

    // Replaces one JSON token by another and keeps the announced length true, so that the edit is really read.
    private static byte[] EditHeader(byte[] file, int headerEnd, Random random)
    {
        if (headerEnd <= 8) return file;
        string header = Encoding.Latin1.GetString(file.AsSpan(8, headerEnd - 8));
        var tokens = System.Text.RegularExpressions.Regex.Matches(header, "\"[^\"]*\"|[0-9]+|[^\\s]");
        if (tokens.Count == 0) return file;
        System.Text.RegularExpressions.Match old = tokens[random.Next(tokens.Count)];
        string replacement = random.Next(3) == 0 ? tokens[random.Next(tokens.Count)].Value : Tokens[random.Next(Tokens.Length)];
        byte[] edited = Encoding.Latin1.GetBytes(
            string.Concat(header.AsSpan(0, old.Index), replacement, header.AsSpan(old.Index + old.Length)));
        byte[] result = Create(edited, 0);
        return [.. result, .. file[headerEnd..]];
    }

    private static IEnumerable<byte[]> SmallFiles()
    {
        yield return Create("{}", 0);
        yield return Create($"{{{Entry("a", "F32", "[2]", "[0,8]")}}}   ", 8);
        yield return Create(
            "{\"__metadata__\":{\"format\":\"pt\",\"é\":\"ü\"},"
            + $"{Entry("a", "F16", "[2,3]", "[0,12]")},{Entry("b", "U8", "[4]", "[12,16]")},{Entry("c", "F64", "[0]", "[16,16]")}}}",
            16);
        yield return Create(
            $"{{{Entry("z", "I64", "[]", "[0,8]")},{Entry("y", "BOOL", "[1,1,1,4]", "[8,12]")},{Entry("x", "BF16", "[2]", "[12,16]")}}}",
            16);
    }

    // A real header over data of a few bytes: every extent but one is cut to nothing.
    private static byte[] Shrink(string path)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        string entries = string.Join(", ", file.Tensors.Select((t, i) => i == 0
            ? Entry(t.Name, "F32", "[1,4]", "[0,16]")
            : Entry(t.Name, "F32", $"[{string.Join(',', t.Shape.Append(0))}]", "[16,16]")));
        return Create($"{{{entries}}}", 16);
    }
}
