using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Rome;

/// <summary>v*, what the edited MLP shall give at the subject so that the model says the target.</summary>
/// <param name="Value">v* = v₀ + δ, <c>[C]</c>.</param>
/// <param name="Loss">The target's mean negative log-likelihood with it.</param>
internal sealed record RomeValue(float[] Value, double Loss)
{
    /// <summary>Searches δ by Adam. It is added where the subject ends in every prompt.</summary>
    /// <param name="model">The model with the edits before this one.</param>
    /// <param name="settings">How.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="states">What the model computes of them up to the edited block.</param>
    /// <param name="cancellation">Checked before each step.</param>
    public static RomeValue Find(
        CausalLm model, RomeSettings settings, RomePrompts prompts, RomeStates states, CancellationToken cancellation)
    {
        Device device = model.Device;
        using BufferScope scope = device.Scope();
        double v0 = Norm(states.Output);
        var loss = new RomeLoss(model, settings, prompts, states);
        Tensor delta = device.Zeros(new Shape(model.Config.NEmbd));
        var adam = new AdamW(settings.LearningRate);
        adam.Add(delta);
        double nll = double.NaN;
        for (int step = 0; step < settings.Steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope inner = device.Scope();
            var tape = new Tape();
            Variable parameter = tape.Parameter(delta);
            (Variable total, nll) = loss.At(parameter);
            if (total.Value.ToScalar() < settings.StopLoss || step == settings.Steps - 1) break;
            tape.Backward(total);
            adam.Step(parameter.Gradient!);
            float[] moved = delta.ToArray();
            double norm = Norm(moved), most = settings.Clamp * v0;
            if (norm > most) device.Upload([.. moved.Select(x => (float)(x * (most / norm)))], delta);
        }

        return new RomeValue([.. states.Output.Zip(delta.ToArray(), (v, d) => v + d)], nll);
    }

    private static double Norm(float[] x) => Math.Sqrt(x.Sum(value => (double)value * value));
}
