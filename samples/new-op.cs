#:project ../src/Autograd/Autograd.csproj
#:property PublishAot=false
// An operation that is not in the library, and the check that its gradient is right, on the processor and on the GPU code.
// docs/adding-an-op.md goes through it step by step. Run it with: dotnet run new-op.cs
using System.Numerics;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.Gpu;

bool isRight = true;
foreach (Device device in (Device[])[new CpuDevice(), GpuDevice.Simulated()])
{
    using (device) isRight &= Check(device);
}

return isRight ? 0 : 1;

static bool Check(Device device)
{
    float[] values = [-300, -2.5f, -1, -0.25f, 0, 1e-3f, 0.5f, 2, 300], factors = [1, -2, 3, -4, 5, -6, 7, -8, 9];
    var tape = new Tape();
    Variable x = tape.Parameter(device.From(values, 3, 3));
    Variable y = MoreOps.Softsign(x);
    tape.Backward(Ops.Sum(Ops.Multiply(y, device.From(factors, 3, 3)))); // so that each element's dY is another
    float[] made = y.Value.ToArray(), gradient = x.Gradient!.ToArray();

    double worst = 0;
    for (int i = 0; i < values.Length; i++)
    {
        const double h = 1e-7;
        double slope = factors[i] * (InFloat64(values[i] + h) - InFloat64(values[i] - h)) / (2 * h);
        worst = Math.Max(worst, Math.Abs(made[i] - InFloat64(values[i])));
        worst = Math.Max(worst, Math.Abs(gradient[i] - slope) / (1 + Math.Abs(slope)));
    }

    Console.WriteLine($"{device.Name}: softsign and its gradient are within {worst:e1} of float64");
    return worst < 1e-6;
}

static double InFloat64(double x) => x / (1 + Math.Abs(x));

internal static class MoreOps
{
    /// <summary>y = x / (1 + |x|), element by element (Bergstra et al. 2009).</summary>
    public static Variable Softsign(Variable x)
    {
        Tensor y = x.Device.Allocate(x.Shape);
        x.Device.Map<SoftsignOp>(x.Value, y);
        return Tape.Record(y, [x], dY =>
        {
            Tensor dX = x.Device.Allocate(x.Shape);
            x.Device.Map<SoftsignBackwardOp>(x.Value, dY, dX);
            x.AddGradient(dX);
        });
    }
}

/// <summary>x / (1 + |x|).</summary>
internal readonly struct SoftsignOp : IUnaryOp
{
    public static float Apply(float x) => x / (1 + MathF.Abs(x));

    public static Vector<float> Apply(Vector<float> x) => x / (Vector<float>.One + Vector.Abs(x));
}

/// <summary>dY / (1 + |x|)².</summary>
internal readonly struct SoftsignBackwardOp : IBinaryOp
{
    public static float Apply(float x, float dY) => dY / ((1 + MathF.Abs(x)) * (1 + MathF.Abs(x)));

    public static Vector<float> Apply(Vector<float> x, Vector<float> dY)
    {
        Vector<float> root = Vector<float>.One + Vector.Abs(x);
        return dY / (root * root);
    }
}
