using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;

namespace Sharpformer.Tests.Autograd;

/// <summary>An array given to an operation; its gradient is checked unless it is a constant.</summary>
internal sealed record Input(float[] Values, params int[] Dims)
{
    public bool IsConstant { get; init; }

    /// <summary>Values in -2 … 2.</summary>
    public static Input Random(int seed, params int[] dims) => new(Devices.Values(new Shape(dims).Count, seed), dims);
}

/// <summary>
/// Compares an operation with a plain float64 form of it: the values directly, the tape's gradients with central
/// differences of the float64 form. Differences of the float32 operation itself would be noise from the third digit
/// on, and would agree with a backward pass that matches a wrong forward pass.
/// </summary>
internal static class GradientCheck
{
    /// <summary>
    /// Relative to an element and to the root mean square of its array: what elements are sums of is of that size.
    /// 1e-6 is 17 units of float32 rounding (6e-8), for up to a few hundred terms summed in several lanes.
    /// </summary>
    public const double ForwardTolerance = 1e-6;

    /// <summary>
    /// A gradient goes through two such sums or more. The central differences themselves are off by h²·f‴/6 and by the
    /// rounding of f over h, which are 2e-9·f‴ and some 1e-11·f.
    /// </summary>
    public const double GradientTolerance = 2e-6;

    private const double H = 1e-4;

    /// <summary>Elements per input whose derivative is taken; larger inputs are sampled evenly, ends included.</summary>
    private const int Sampled = 150;

    public static void Run(
        string deviceName, Func<Variable[], Variable> operation, Func<double[][], double[]> reference, params Input[] inputs)
    {
        using Device device = Devices.Create(deviceName);
        var tape = new Tape();
        Variable[] variables = [.. inputs.Select(i =>
        {
            Tensor value = device.From(i.Values, i.Dims);
            return i.IsConstant ? value : tape.Parameter(value);
        })];
        double[][] x = [.. inputs.Select(i => Array.ConvertAll(i.Values, v => (double)v))];

        Variable y = operation(variables);
        double[] expected = reference(x);
        Close(expected, y.Value.ToArray(), ForwardTolerance, "value");

        // Random weights make every element of y matter, each differently.
        float[] weights = Devices.Values(expected.Length, 99);
        tape.Backward(Ops.Sum(Ops.Multiply(y, device.From(weights, y.Shape.Dims))));
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i].IsConstant)
            {
                Assert.Null(variables[i].Gradient);
                continue;
            }

            Tensor gradient = Assert.IsType<Tensor>(variables[i].Gradient);
            Assert.Equal(variables[i].Shape, gradient.Shape);
            float[] all = gradient.ToArray();
            int[] at = [.. Sample(all.Length)];
            double[] slopes = Array.ConvertAll(at, e => Slope(reference, x, weights, i, e));
            Close(slopes, Array.ConvertAll(at, e => all[e]), GradientTolerance, $"gradient of input {i}");
        }
    }

    /// <summary>Fails unless all elements are close, relative to themselves and to the root mean square of all.</summary>
    public static void Close(double[] expected, float[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double size = expected.Length == 0 ? 0 : Math.Sqrt(expected.Average(e => e * e));
        for (int i = 0; i < expected.Length; i++)
            Devices.Close(expected[i], actual[i], tolerance * (Math.Abs(expected[i]) + size) + 1e-10, $"{what}, element {i}");
    }

    private static IEnumerable<int> Sample(int count) =>
        count <= Sampled
            ? Enumerable.Range(0, count)
            : Enumerable.Range(0, Sampled).Select(i => (int)((long)i * (count - 1) / (Sampled - 1)));

    /// <summary>d Σ weights·reference(x) / d x[input][element].</summary>
    private static double Slope(Func<double[][], double[]> reference, double[][] x, float[] weights, int input, int element)
    {
        double[][] moved = [.. x];
        moved[input] = [.. x[input]];
        moved[input][element] = x[input][element] + H;
        double[] above = reference(moved);
        moved[input][element] = x[input][element] - H;
        double[] below = reference(moved);

        double slope = 0;
        for (int i = 0; i < weights.Length; i++) slope += weights[i] * (above[i] - below[i]);
        return slope / (2 * H);
    }
}
