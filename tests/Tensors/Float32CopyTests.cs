using Sharpformer.Tensors;

namespace Sharpformer.Tests.Tensors;

public sealed class Float32CopyTests
{
    public static TheoryData<string> Names => Devices.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Has_the_elements_and_shape_of_what_is_stored(string name)
    {
        using Device device = Devices.Create(name);
        foreach (DType dtype in Enum.GetValues<DType>())
        {
            foreach (int[] dims in (int[][])[[1], [33], [3, 17], [1, 8], [257, 1], [2, 3, 5], [0, 4], [100, 65]])
            {
                float[] values = Devices.Values(new Shape(dims).Count);
                float[] special = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, -0f, 6e-8f, 1e-38f, 300, -65504];
                if (dtype == DType.Q8) special = [-0f, 6e-8f, 1e-38f, 300, -65504]; // its rows are finite
                for (int i = 0; i < values.Length; i++) if (i % 3 == 0) values[i] = special[i / 3 % special.Length];
                Tensor stored = Devices.Stored(device, values, dtype, dims), copy = stored.Float32Copy();
                Assert.Equal(DType.F32, copy.DType);
                Assert.Equal(stored.Shape, copy.Shape);
                Devices.SameBits(stored.ToArray(), copy.ToArray(), $"{dtype} {stored.Shape}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Is_memory_of_its_own_that_may_be_written_to(string name)
    {
        using Device device = Devices.Create(name);
        Tensor[] originals =
            [device.From([1, 2, 3, 4, 5, 6], 3, 2), .. Enum.GetValues<DType>().Select(dtype => Six(device, dtype))];
        foreach (Tensor original in originals)
        {
            float[] before = original.ToArray();
            Tensor copy = original.Float32Copy(), part = original.Slice(1, 2).Float32Copy();
            device.Fill(copy, 9);
            Assert.Equal(before, original.ToArray());
            Assert.Equal(before[2..], part.ToArray());
            Assert.Equal([9f, 9, 9, 9, 9, 9], copy.ToArray());
        }
    }

    [Fact]
    public void Belongs_to_the_current_scope()
    {
        using Device device = Devices.Create("cpu");
        Tensor stored = Six(device, DType.BF16), copy;
        using (device.Scope()) copy = stored.Float32Copy();
        Assert.Throws<ObjectDisposedException>(() => copy.ToArray());
        Assert.Equal([1f, 2, 3, 4, 5, 6], stored.ToArray());
    }

    private static Tensor Six(Device device, DType dtype) => Devices.Stored(device, [1, 2, 3, 4, 5, 6], dtype, 3, 2);
}
