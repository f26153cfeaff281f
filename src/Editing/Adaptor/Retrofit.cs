using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Adaptor;

/// <summary>
/// One neuron's birth and training (Algorithm 1). The base model and all earlier neurons are frozen, so a step
/// costs only the tail for one position: forward and backward to this neuron's key and value.
/// </summary>
public static class Retrofit
{
    /// <summary>A neuron as it is born: k⁰ = x̂, v⁰ = the target's row of the head, b = θ·(k⁰·k⁰).</summary>
    /// <param name="model">The base model.</param>
    /// <param name="standardized">x̂ at the last token of what comes before the target, <c>[1,C]</c>.</param>
    /// <param name="target">The target token.</param>
    /// <param name="theta">θ.</param>
    public static Neuron Born(CausalLm model, Tensor standardized, int target, float theta)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(standardized);
        using BufferScope scope = model.Device.Scope();
        Tensor headRow = model.Device.Allocate(1, model.Config.NEmbd);
        model.Device.Gather(model.Head, [target], headRow);
        float[] key = standardized.ToArray();
        double square = 0;
        foreach (float k in key) square += (double)k * k;
        return new Neuron(target, key, headRow.ToArray(), (float)(theta * square), []);
    }

    /// <summary>
    /// Trains a newborn neuron's key and value with AdamW, fresh for it, on
    /// L = L_edit + a·L_rec + b·L_irr (Eq. 8-11).
    /// </summary>
    /// <param name="born">The neuron at birth.</param>
    /// <param name="standardized">x̂, <c>[1,C]</c>.</param>
    /// <param name="hidden">The edited block's output without this neuron: base model plus earlier neurons, <c>[1,C]</c>.</param>
    /// <param name="tail">The model above, at this position.</param>
    /// <param name="outOfScope">x̂ of out-of-scope prompts, <c>[M,C]</c>; null leaves L_irr out.</param>
    /// <param name="settings">Every number of the training.</param>
    /// <param name="cancellation">Checked before each step.</param>
    /// <returns>The trained neuron with its losses before each step.</returns>
    public static Neuron Train(Neuron born, Tensor standardized, Tensor hidden, Tail tail, Tensor? outOfScope, EditSettings settings, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(born);
        ArgumentNullException.ThrowIfNull(standardized);
        ArgumentNullException.ThrowIfNull(settings);
        Device device = standardized.Device;
        using BufferScope scope = device.Scope();
        int C = standardized.Columns;
        Tensor keyAtBirth = device.From(born.Key, 1, C), key = device.From(born.Key, 1, C), value = device.From(born.Value, 1, C);
        Tensor threshold = device.From([born.Threshold], 1);
        var optimizer = new AdamW(settings.LearningRate, settings.Beta1, settings.Beta2, settings.Epsilon, settings.WeightDecay);
        optimizer.Add(key);
        optimizer.Add(value);

        var losses = new EpochLoss[settings.Epochs];
        for (int epoch = 0; epoch < losses.Length; epoch++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope step = device.Scope();
            var tape = new Tape();
            Variable k = tape.Parameter(key), v = tape.Parameter(value);

            Variable s = Gelu(Subtract(Dot(standardized, k), threshold));
            Variable logits = tail.Logits(Add(hidden, Scale(ScaleRows(v, s), settings.Alpha)));
            Variable edit = Sum(CrossEntropy(logits, [born.TargetToken], settings.LabelSmoothing));
            Variable rec = Scale(Sum(Square(Dot(Subtract(k, keyAtBirth), standardized))), settings.RecWeight);
            Variable? irr = outOfScope is null || settings.IrrWeight == 0
                ? null
                : Scale(Mean(MaxZero(Subtract(MatMul(outOfScope, k, transposeY: true), threshold))), settings.IrrWeight);
            Variable loss = Add(edit, rec);
            if (irr is not null) loss = Add(loss, irr);

            losses[epoch] = new EpochLoss(edit.Value.ToScalar(), rec.Value.ToScalar(), irr?.Value.ToScalar() ?? 0);
            tape.Backward(loss);
            optimizer.Step(k.Gradient!, v.Gradient!);
        }

        return born with { Key = key.ToArray(), Value = value.ToArray(), Losses = losses };
    }
}
