using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.TPatcher;

/// <summary>Trains the neurons of one edit.</summary>
/// <param name="loss">What they shall do.</param>
/// <param name="settings">How.</param>
internal sealed class PatchTraining(PatchLoss loss, TPatcherSettings settings)
{
    private const double Falls = 0.99, Halved = 0.5; // a loss falls where it is less than so many times what it was

    /// <summary>Neurons before training: each sums up to one at its own state, and its value is drawn.</summary>
    /// <param name="x">What the MLP reads, <c>[T,C]</c>.</param>
    /// <param name="own">Of each neuron the row at which it shall speak.</param>
    /// <param name="settings">Say how large values are.</param>
    /// <param name="rng">Where values come from.</param>
    public static PatchParameters Begin(Tensor x, int[] own, TPatcherSettings settings, Rng rng)
    {
        (Device device, int n, int C) = (x.Device, own.Length, x.Columns);
        float[][] states = [.. x.ToArray().Chunk(C)];
        float[] keys = [.. own.SelectMany(row =>
        {
            double square = states[row].Sum(value => (double)value * value);
            return states[row].Select(value => square > 0 ? (float)(value / square) : 0);
        })];
        float[] values = new float[n * C];
        for (int i = 0; i < values.Length; i++) values[i] = (float)rng.NextNormal();
        return new PatchParameters(
            device.From(keys, n, C), device.Zeros(new Shape(n)), device.From(values, n, C), device.From([settings.Amplitude], 1));
    }

    /// <summary>Trains until the target is said and the neurons' speaking elsewhere no longer falls, or often enough.</summary>
    /// <param name="patches">Neurons; they are changed in place.</param>
    /// <param name="cancellation">Checked before each step.</param>
    /// <returns>The loss before each step.</returns>
    public IReadOnlyList<float> Train(PatchParameters patches, CancellationToken cancellation)
    {
        Device device = patches.K.Device;
        var adam = new AdamW(settings.LearningRate, weightDecay: settings.WeightDecay);
        foreach (Variable parameter in patches.All) adam.Add(parameter.Value);
        var losses = new List<float>();
        (double least, double leastElsewhere) = (double.PositiveInfinity, double.PositiveInfinity);
        for (int step = 0; step < settings.Epochs; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = device.Scope();
            var tape = new Tape();
            PatchParameters trained = patches.On(tape);
            (PatchLosses now, Variable surrogate) = loss.At(trained);
            losses.Add((float)now.Total);
            if (step >= settings.FirstCheck && (step - settings.FirstCheck) % settings.CheckEvery == 0)
            {
                if (now.Memory >= Falls * leastElsewhere && loss.IsSaid(patches)) break;
                if (now.Total >= Falls * least) adam.LearningRate *= (float)Halved;
                (least, leastElsewhere) = (Math.Min(least, now.Total), Math.Min(leastElsewhere, now.Memory));
            }

            tape.Backward(surrogate);
            adam.Step([.. trained.All.Select(parameter => parameter.Gradient!)]);
        }

        return losses;
    }
}
