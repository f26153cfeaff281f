using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Tests.Tensors;

public sealed class Q8ContainerTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly CpuDevice device = new(threads: 1);

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 7)]
    [InlineData(300, 517)] // several runs of rows
    [InlineData(2, 1_200_001)] // several blocks, which end within a row
    [InlineData(0, 4)]
    public void What_is_rounded_on_load_and_what_is_written_are_the_same_bits(int rows, int columns)
    {
        float[] values = Devices.Values((long)rows * columns);
        using SafeTensorsFile source = Written("source", new SafeTensorsEntry("w", device.From(values, rows, columns)));
        using SafeTensorsFile file = Quantized("q8", source);
        Tensor expected = Devices.Stored(device, values, DType.Q8, rows, columns), stored = file.Load("w", device);
        Assert.Equal((DType.Q8, expected.Shape), (stored.DType, stored.Shape));
        Devices.SameBits(expected.ToArray(), stored.ToArray(), "stored");
        Devices.SameBits(expected.ToArray(), source.LoadQ8("w", device).ToArray(), "on load");
        Devices.SameBits(expected.ToArray(), file.LoadQ8("w", device).ToArray(), "Q8 already");
        if (rows < 2) return;
        float[] some = new float[columns + 1];
        file.ReadFloats("w", columns - 1, some);
        Devices.SameBits(expected.ToArray()[(columns - 1)..(2 * columns)], some, "across the end of a row");
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void A_number_that_is_not_finite_is_told_with_its_place(float special)
    {
        float[] values = Devices.Values(3 * 10);
        values[27] = special;
        using SafeTensorsFile source = Written("source", new SafeTensorsEntry("w", device.From(values, 3, 10)));
        string expected = $"source, tensor \"w\" F32 [3,10]: element [2,7] is {special}, expected a finite number to round to Q8";
        Fails.With<InputException>(expected, () => source.LoadQ8("w", device));
        Fails.With<InputException>(expected, () => Quantized("q8", source));
        Assert.False(File.Exists(folder.File("q8")));
    }

    [Fact]
    public void Scales_that_are_missing_or_odd_are_refused()
    {
        Refused("there is no \"w.scale\" with its scales");
        Refused("its scales are \"w.scale\" F32 [3], expected F32 [2], one for each row", Scale([1, 1, 1], 3));
        Refused("its scales are \"w.scale\" F32 [2,1], expected F32 [2]", Scale([1, 1], 2, 1));
        var half = new SafeTensorsEntry("w.scale", "F16", [2], MappedBytes.Copy(new byte[4]));
        Refused("its scales are \"w.scale\" F16 [2], expected F32 [2]", half);
        Refused("the scale of row 1 is NaN, expected a finite number", Scale([1, float.NaN], 2));
        Refused("the scale of row 0 is ", Scale([float.PositiveInfinity, 1], 2));
        Refused("the scale of row 1 is -1, expected a finite number, not negative", Scale([1, -1], 2));

        void Refused(string expected, params SafeTensorsEntry[] scales)
        {
            var matrix = new SafeTensorsEntry("w", "I8", [2, 3], MappedBytes.Copy(new byte[6]));
            using SafeTensorsFile file = Written("bad", Q8, [matrix, .. scales]);
            Fails.With<InputException>(expected, () => file.Load("w", device));
            Fails.With<InputException>(expected, () => file.TypeOf(file.Info("w")));
            Fails.With<InputException>(expected, () => file.ReadFloats("w", 0, new float[2]));
        }
    }

    [Fact]
    public void Int8_of_other_programs_is_not_guessed_at()
    {
        SafeTensorsEntry[] entries = [new SafeTensorsEntry("w", "I8", [2, 3], MappedBytes.Copy(new byte[6])), Scale([1, 1], 2)];
        using SafeTensorsFile file = Written("other", new() { ["quantization"] = "int8" }, entries);
        Fails.With<InputException>("\"w\" I8 [2,3]: expected F32, F16, BF16 or F64. Hint: is it quantized?", () => file.Load("w", device));
        Assert.False(Q8Container.IsScale(file, file.Info("w.scale")));
    }

    [Fact]
    public void One_entry_cannot_hold_a_Q8_tensor()
    {
        Tensor weights = Devices.Stored(device, Devices.Values(6), DType.Q8, 2, 3);
        Fails.With<ArgumentException>("\"w\": Q8 makes two entries", () => new SafeTensorsEntry("w", weights));
        Fails.With<ArgumentException>(
            "\"w\": Q8 makes two entries", () => new SafeTensorsEntry("w", DType.Q8, new Shape(2, 3), (_, _) => { }));
    }

    private static Dictionary<string, string> Q8 => new() { [Q8Container.MetadataKey] = Q8Container.Metadata };

    private SafeTensorsFile Quantized(string name, SafeTensorsFile source) =>
        Written(name, Q8, [.. Q8Container.Entries(source, source.Info("w"))]);

    private SafeTensorsFile Written(string name, SafeTensorsEntry entry) => Written(name, [], entry);

    private SafeTensorsFile Written(string name, Dictionary<string, string> metadata, params SafeTensorsEntry[] entries)
    {
        SafeTensorsWriter.Write(folder.File(name), entries, metadata);
        return SafeTensorsFile.Open(folder.File(name));
    }

    private SafeTensorsEntry Scale(float[] values, params int[] dims) => new("w.scale", device.From(values, dims));
}
