using System.Numerics;
using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Autograd;

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019); with a decay of 0 it is plain Adam (Kingma and
/// Ba 2015). One object trains one set of parameters, and counts its own steps.
/// </summary>
/// <param name="learningRate">Step size.</param>
/// <param name="beta1">Decay rate of the first moment.</param>
/// <param name="beta2">Decay rate of the second moment.</param>
/// <param name="epsilon">Added to the root of the second moment.</param>
/// <param name="weightDecay">Share of the parameter, times the step size, taken off at each step.</param>
public sealed class AdamW(float learningRate, float beta1 = 0.9f, float beta2 = 0.999f, float epsilon = 1e-8f, float weightDecay = 0)
{
    private readonly List<(Tensor Parameter, Tensor Mean, Tensor Square, Tensor Numbers, float Decay, float Rate)> moments = [];

    /// <summary>Step size from the next step on.</summary>
    public float LearningRate { get; set; } = learningRate;

    /// <summary>What each gradient is multiplied with before anything else, from the next step on: clipping sets it.</summary>
    public float GradientScale { get; set; } = 1;

    /// <summary>Steps taken; set only to go on where another object stopped, along with <see cref="Moments"/>.</summary>
    public int Steps { get; set; }

    /// <summary>Both moments of each parameter, in the order of <see cref="Add"/>: with <see cref="Steps"/> all that is kept.</summary>
    public IEnumerable<(Tensor Mean, Tensor Square)> Moments => moments.Select(one => (one.Mean, one.Square));

    /// <summary>Trains <paramref name="parameter"/> from now on; its moments start at zero.</summary>
    /// <param name="parameter">Changed in place by each step.</param>
    /// <param name="decay">Its own weight decay; null for that of the others.</param>
    /// <param name="rate">Its step size, as a multiple of that of the others.</param>
    public void Add(Tensor parameter, float? decay = null, float rate = 1)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        Device device = parameter.Device;
        moments.Add((
            parameter, device.Zeros(parameter.Shape), device.Zeros(parameter.Shape), device.Allocate(AdamWRow.Numbers),
            decay ?? weightDecay, rate));
    }

    /// <summary>One step for all parameters, in place; gradients in the order of <see cref="Add"/>.</summary>
    /// <exception cref="ArgumentException">There is not one gradient per parameter, of its shape.</exception>
    public void Step(params ReadOnlySpan<Tensor> gradients)
    {
        if (gradients.Length != moments.Count)
            throw new ArgumentException($"AdamW: {moments.Count} parameters, {gradients.Length} gradients.");
        for (int i = 0; i < gradients.Length; i++)
            if (gradients[i].Shape != moments[i].Parameter.Shape)
                throw new ArgumentException($"AdamW: parameter {i} is {moments[i].Parameter.Shape}, its gradient {gradients[i].Shape}.");
        Steps++;

        // m̂ / (sqrt(v̂) + ε) = (sqrt(c₂)/c₁) · m / (sqrt(v) + ε·sqrt(c₂)) with the bias corrections c = 1 - βᵗ.
        double correction1 = 1 - Math.Pow(beta1, Steps), rootCorrection2 = Math.Sqrt(1 - Math.Pow(beta2, Steps));
        for (int i = 0; i < gradients.Length; i++)
        {
            (Tensor p, Tensor m, Tensor v, Tensor numbers, float decay, float rate) = moments[i];
            float step = LearningRate * rate;
            p.Device.Upload(
                [
                    1 - beta1, 1 - beta2, (float)(epsilon * rootCorrection2), 1 - step * decay,
                    (float)(step * rootCorrection2 / correction1), GradientScale,
                ],
                numbers);
            p.Device.Rows<AdamWRow>(p.Rows, [], 0, AsRows(p), AsRows(m), AsRows(v), AsRows(gradients[i]), numbers);
        }
    }

    /// <summary>An operand of rank 1 would be shared by all rows: here it is the only one.</summary>
    private static Tensor AsRows(Tensor x) => x.Shape.Rank == 1 ? x.Reshape(1, x.Columns) : x;
}

/// <summary>
/// g ← g·scale, m ← m + (g - m)·(1 - β₁), v ← v + (g² - v)·(1 - β₂), p ← p·decay - rate·m / (sqrt(v) + ε), each row from the
/// cache. Operands: p, m, v, g, which stays as it is, the six numbers <c>[6]</c>.
/// </summary>
internal readonly struct AdamWRow : IRowOp
{
    /// <summary>1 - β₁, 1 - β₂, ε, decay, rate, scale.</summary>
    public const int Numbers = 6;

    public static void Apply(RowOperands row)
    {
        Span<float> p = row[0], m = row[1], v = row[2], g = row[3], numbers = row[4];
        RowMath.Map(m, g, m, new Toward(new(numbers[0]), new(numbers[5])));
        RowMath.Map(v, g, v, new TowardSquare(new(numbers[1]), new(numbers[5])));
        RowMath.Map(p, m, v, p, new Against(new(numbers[2]), new(numbers[3]), new(numbers[4])));
    }

    public static void Apply(GroupRow row)
    {
        ArrayView<float> p = row[0], m = row[1], v = row[2], g = row[3], numbers = row[4];
        for (int c = GroupRow.Thread; c < p.IntLength; c += GroupRow.Threads)
        {
            float scaled = g[c] * numbers[5];
            float mean = m[c] + (scaled - m[c]) * numbers[0], square = v[c] + (scaled * scaled - v[c]) * numbers[1];
            p[c] = p[c] * numbers[3] - mean / (MathF.Sqrt(square) + numbers[2]) * numbers[4];
            (m[c], v[c]) = (mean, square);
        }
    }

    private readonly struct Toward(Vector<float> share, Vector<float> scale) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> m, Vector<float> g, Vector<float> z) => m + (g * scale - m) * share;
    }

    private readonly struct TowardSquare(Vector<float> share, Vector<float> scale) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> v, Vector<float> g, Vector<float> z)
        {
            Vector<float> scaled = g * scale;
            return v + (scaled * scaled - v) * share;
        }
    }

    private readonly struct Against(Vector<float> epsilon, Vector<float> decay, Vector<float> rate) : ILaneOp
    {
        public Vector<float> Apply(Vector<float> p, Vector<float> m, Vector<float> v) =>
            p * decay - m / (Vector.SquareRoot(v) + epsilon) * rate;
    }
}
