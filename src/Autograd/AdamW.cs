using System.Numerics;
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
    private readonly List<(Tensor Parameter, Tensor Mean, Tensor Square)> moments = [];
    private int steps;

    /// <summary>Trains <paramref name="parameter"/> from now on; its moments start at zero.</summary>
    public void Add(Tensor parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        Device device = parameter.Device;
        moments.Add((parameter, device.Zeros(parameter.Shape), device.Zeros(parameter.Shape)));
    }

    /// <summary>One step for all parameters, in place; gradients in the order of <see cref="Add"/>.</summary>
    /// <exception cref="ArgumentException">There is not one gradient per parameter, of its shape.</exception>
    public void Step(params ReadOnlySpan<Tensor> gradients)
    {
        if (gradients.Length != moments.Count) throw new ArgumentException($"AdamW: {moments.Count} parameters, {gradients.Length} gradients.");
        for (int i = 0; i < gradients.Length; i++)
            if (gradients[i].Shape != moments[i].Parameter.Shape)
                throw new ArgumentException($"AdamW: parameter {i} is {moments[i].Parameter.Shape}, its gradient {gradients[i].Shape}.");
        steps++;

        // m̂ / (sqrt(v̂) + ε) = (sqrt(c₂)/c₁) · m / (sqrt(v) + ε·sqrt(c₂)) with the bias corrections c = 1 - βᵗ.
        double correction1 = 1 - Math.Pow(beta1, steps), rootCorrection2 = Math.Sqrt(1 - Math.Pow(beta2, steps));
        float rate = (float)(learningRate * rootCorrection2 / correction1);
        for (int i = 0; i < gradients.Length; i++)
        {
            (Tensor p, Tensor m, Tensor v) = moments[i];
            (Device device, Tensor g) = (p.Device, gradients[i]);
            Tensor direction = device.Allocate(p.Shape);
            device.Map<TowardOp>(m, g, 1 - beta1, m);
            device.Map<TowardSquareOp>(v, g, 1 - beta2, v);
            device.Map<AdamDirectionOp>(m, v, (float)(epsilon * rootCorrection2), direction);
            if (weightDecay != 0) device.Map<MultiplyOp>(p, 1 - learningRate * weightDecay, p);
            device.Map<AddScaledOp>(p, direction, -rate, p);
        }
    }
}

/// <summary>m + (g - m)·share.</summary>
internal readonly struct TowardOp : ITernaryOp
{
    public static float Apply(float m, float g, float share) => m + (g - m) * share;

    public static Vector<float> Apply(Vector<float> m, Vector<float> g, Vector<float> share) => m + (g - m) * share;
}

/// <summary>v + (g² - v)·share.</summary>
internal readonly struct TowardSquareOp : ITernaryOp
{
    public static float Apply(float v, float g, float share) => v + (g * g - v) * share;

    public static Vector<float> Apply(Vector<float> v, Vector<float> g, Vector<float> share) => v + (g * g - v) * share;
}

/// <summary>m / (sqrt(v) + ε).</summary>
internal readonly struct AdamDirectionOp : ITernaryOp
{
    public static float Apply(float m, float v, float epsilon) => m / (MathF.Sqrt(v) + epsilon);

    public static Vector<float> Apply(Vector<float> m, Vector<float> v, Vector<float> epsilon) => m / (Vector.SquareRoot(v) + epsilon);
}

/// <summary>x + y·factor.</summary>
internal readonly struct AddScaledOp : ITernaryOp
{
    public static float Apply(float x, float y, float factor) => x + y * factor;

    public static Vector<float> Apply(Vector<float> x, Vector<float> y, Vector<float> factor) => x + y * factor;
}
