using System.Numerics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Tensors;

public sealed class MapsTests
{
    [Fact]
    public void Every_element_goes_through_the_vector_form_and_nothing_else_is_written()
    {
        using var device = new CpuDevice(2);
        foreach (int n in (int[])[.. Enumerable.Range(0, 40), 100_003])
        {
            Tensor all = device.Allocate(3, n + 9), x = device.Zeros(new Shape(n));
            device.Fill(all, -1);
            foreach (Action<Tensor> map in (Action<Tensor>[])[
                y => device.Map<TwoForms>(x, y), y => device.Map<TwoForms>(x, x, y), y => device.Map<TwoForms>(x, 0, y),
                y => device.Map<TwoForms>(x, x, x, y), y => device.Map<TwoForms>(x, x, 0, y)])
            {
                Tensor row = new(device, all.Storage, n + 9, new Shape(n));
                map(row);
                Assert.All(row.ToArray(), v => Assert.Equal(8, v));
                device.Fill(row, -1);
                Assert.All(all.ToArray(), v => Assert.Equal(-1, v));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Devices.GpuNames), MemberType = typeof(Devices))]
    public void On_a_gpu_every_element_goes_through_the_scalar_form_and_nothing_else_is_written(string name)
    {
        using Device device = Devices.Create(name);
        foreach (int n in (int[])[1, 3, 40, 2003])
        {
            Tensor all = device.Allocate(3, n + 9), x = device.Zeros(new Shape(n)), row = new(device, all.Storage, n + 9, new Shape(n));
            device.Fill(all, -1);
            device.Map<TwoForms>(x, row);
            Assert.All(row.ToArray(), v => Assert.Equal(1, v));
            device.Fill(row, -1);
            Assert.All(all.ToArray(), v => Assert.Equal(-1, v));
        }
    }

    [Fact]
    public void An_elements_bits_do_not_depend_on_its_place()
    {
        using var device = new CpuDevice(1);
        float[] values = [.. Devices.Values(40).Select(v => v * 5)];
        float[] whole = Gelu(values);
        for (int start = 0; start < values.Length; start++)
            for (int n = 1; start + n <= values.Length; n++)
                Devices.SameBits(whole[start..(start + n)], Gelu(values[start..(start + n)]), $"{n} elements from {start}");

        float[] Gelu(float[] x)
        {
            Tensor y = device.From(x, x.Length);
            device.Map<GeluForm>(y, y);
            return y.ToArray();
        }
    }

    /// <summary>Tells which form ran.</summary>
    private readonly struct TwoForms : IUnaryOp, IBinaryOp, ITernaryOp
    {
        public static float Apply(float x) => 1;

        public static Vector<float> Apply(Vector<float> x) => new(8);

        public static float Apply(float x, float y) => 1;

        public static Vector<float> Apply(Vector<float> x, Vector<float> y) => new(8);

        public static float Apply(float x, float y, float z) => 1;

        public static Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> z) => new(8);
    }

    private readonly struct GeluForm : IUnaryOp
    {
        public static float Apply(float x) => VectorMath.GeluTanh(x);

        public static Vector<float> Apply(Vector<float> x) => VectorMath.GeluTanh(x);
    }
}
