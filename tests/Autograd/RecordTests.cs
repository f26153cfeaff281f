using System.Numerics;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Tests.Autograd;

/// <summary>An operation of another assembly: what <see cref="Tape.Record"/> and <see cref="Variable.AddGradient"/> promise it.</summary>
public sealed class RecordTests : IDisposable
{
    private readonly Device device = Devices.Create("cpu");
    private readonly Tape tape = new();
    private readonly List<float[]> received = [];

    public static TheoryData<string> Names => Devices.Names;

    public void Dispose() => device.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void An_operation_of_another_assembly_passes_the_gradient_check(string name)
    {
        foreach (int length in (int[])[1, 7, 33])
            GradientCheck.Run(name, v => Cube(v[0]), a => Array.ConvertAll(a[0], e => e * e * e), Input.Random(length, 3, length));
    }

    [Fact]
    public void Backward_is_called_once_with_the_sum_of_all_that_uses_the_result()
    {
        Variable x = tape.Parameter(device.From([1, 2], 2)), y = Cube(x);
        tape.Backward(Sum(Add(Scale(y, 10), Add(y, Multiply(y, device.From([3, 4], 2))))));
        Assert.Equal([14f, 15], Assert.Single(received));
        Assert.Equal([3f * 14, 12 * 15], x.Gradient!.ToArray());
    }

    [Fact]
    public void Backward_is_not_called_where_the_loss_does_not_depend_on_the_result()
    {
        Variable x = tape.Parameter(device.From([1, 2], 2));
        Cube(x);
        tape.Backward(Sum(x));
        Assert.Empty(received);
    }

    [Fact]
    public void Nothing_is_recorded_of_constants()
    {
        Variable constant = Cube(device.From([1, 2], 2)), x = tape.Parameter(device.From([5, 6], 2));
        Assert.Null(constant.Tape);
        tape.Backward(Sum(Multiply(x, constant)));
        Assert.Empty(received);
        Assert.Equal([1f, 8], x.Gradient!.ToArray());
    }

    [Fact]
    public void A_constant_takes_no_gradient()
    {
        Variable constant = device.From([1, 2], 2);
        constant.AddGradient(device.From([3, 4], 2));
        Assert.Null(constant.Gradient);
    }

    [Fact]
    public void A_gradient_of_another_shape_is_refused()
    {
        Variable x = tape.Parameter(device.From([1, 2], 2));
        foreach (Tensor wrong in (Tensor[])[device.From([1], 1), device.From([1, 2], 1, 2)])
        {
            string message = Assert.Throws<ArgumentException>(() => x.AddGradient(wrong)).Message;
            Assert.Equal($"AddGradient: a gradient {wrong.Shape} for a value [2], expected equal shapes.", message);
        }

        Assert.Null(x.Gradient);
    }

    /// <summary>y = x³, dX = 3x² · dY.</summary>
    private Variable Cube(Variable x)
    {
        Tensor y = x.Device.Allocate(x.Shape);
        x.Device.Map<CubeOp>(x.Value, y);
        return Tape.Record(y, [x], dY =>
        {
            received.Add(dY.ToArray());
            Tensor dX = x.Device.Allocate(x.Shape);
            x.Device.Map<CubeBackwardOp>(x.Value, dY, dX);
            x.AddGradient(dX);
        });
    }

    private readonly struct CubeOp : IUnaryOp
    {
        public static float Apply(float x) => x * x * x;

        public static Vector<float> Apply(Vector<float> x) => x * x * x;
    }

    private readonly struct CubeBackwardOp : IBinaryOp
    {
        public static float Apply(float x, float dY) => 3 * x * x * dY;

        public static Vector<float> Apply(Vector<float> x, Vector<float> dY) => 3 * x * x * dY;
    }
}
