using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// Birth and training of neurons (Algorithm 1). The base model and all earlier neurons are frozen, so a step costs only the
/// tail for one position per neuron: forward and backward to its key and value. Neurons trained side by side know
/// nothing of each other; each becomes, bit for bit, what it would have become alone.
/// </summary>
public static class Retrofit
{
    /// <summary>Neurons as they are born: k⁰ = x̂, v⁰ = the target's row of the head, b = θ·(k⁰·k⁰).</summary>
    /// <param name="model">The base model.</param>
    /// <param name="standardized">x̂ at the last token of what comes before each target, <c>[N,C]</c>.</param>
    /// <param name="targets">N target tokens.</param>
    /// <param name="theta">θ.</param>
    public static Neuron[] Born(CausalLm model, Tensor standardized, ReadOnlySpan<int> targets, float theta)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(standardized);
        using BufferScope scope = model.Device.Scope();
        (float[][] keys, float[][] values) = (Vectors(standardized), Vectors(Embedding(model.Head, targets).Value));
        var neurons = new Neuron[targets.Length];
        for (int i = 0; i < neurons.Length; i++)
        {
            double square = 0;
            foreach (float k in keys[i]) square += (double)k * k;
            neurons[i] = new Neuron(targets[i], keys[i], values[i], (float)(theta * square), []);
        }

        return neurons;
    }

    /// <summary>
    /// Trains newborn neurons' keys and values with AdamW, fresh for each, on
    /// L = L_edit + a·L_rec + b·L_irr (Eq. 8-11).
    /// </summary>
    /// <param name="born">N neurons at birth.</param>
    /// <param name="standardized">Their x̂, <c>[N,C]</c>.</param>
    /// <param name="hidden">The edited block's output without them: base model plus earlier neurons, <c>[N,C]</c>.</param>
    /// <param name="tail">The model above, at their N positions: <see cref="Trace.TailOf"/>.</param>
    /// <param name="activation">How the neurons answer to their margins: the adaptor's.</param>
    /// <param name="outOfScope">x̂ of out-of-scope prompts and their weights, as <see cref="OutOfScope.Of(ReadOnlySpan{int})"/> gives
    /// them; null leaves L_irr out.</param>
    /// <param name="settings">Every number of the training.</param>
    /// <param name="cancellation">Checked before each step.</param>
    /// <returns>The trained neurons with their losses before each step.</returns>
    public static Neuron[] Train(
        IReadOnlyList<Neuron> born, Tensor standardized, Tensor hidden, Func<Variable, Variable> tail, Activation activation,
        (Tensor States, Tensor Weights)? outOfScope, IReVaSettings settings, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(born);
        ArgumentNullException.ThrowIfNull(standardized);
        ArgumentNullException.ThrowIfNull(tail);
        ArgumentNullException.ThrowIfNull(settings);
        (Device device, int N, int C) = (standardized.Device, born.Count, standardized.Columns);
        using BufferScope scope = device.Scope();
        Tensor keysAtBirth = Stacked(n => n.Key), keys = Stacked(n => n.Key), values = Stacked(n => n.Value);
        Tensor thresholds = device.From([.. born.Select(n => n.Threshold)], N, 1);
        bool hasOthers = outOfScope is not null && settings.UsesOutOfScope();
        Tensor? perOther = hasOthers ? Repeated(outOfScope!.Value.Weights.Columns) : null;
        int[] targets = [.. born.Select(n => n.TargetToken)];
        var optimizer = new AdamW(settings.LearningRate, settings.Beta1, settings.Beta2, settings.Epsilon, settings.WeightDecay);
        optimizer.Add(keys);
        optimizer.Add(values);

        // Losses stay where they are computed until the end: to look at them earlier would be to wait for each step.
        Tensor edits = device.Allocate(settings.Epochs, N), recs = device.Allocate(settings.Epochs, N);
        Tensor irrs = device.Zeros(new Shape(settings.Epochs, N));
        for (int epoch = 0; epoch < settings.Epochs; epoch++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope step = device.Scope();
            var tape = new Tape();
            Variable k = tape.Parameter(keys), v = tape.Parameter(values);

            Variable s = Activate(Subtract(Dot(standardized, k), thresholds), activation);
            Variable logits = tail(Add(hidden, Scale(ScaleRows(v, s), settings.Alpha)));
            Variable edit = CrossEntropy(logits, targets, settings.LabelSmoothing);
            Variable rec = Scale(Square(Dot(Subtract(k, keysAtBirth), standardized)), settings.RecWeight);
            Variable loss = Add(edit, rec);
            Variable? irr = null;
            if (hasOthers)
            {
                (Tensor states, Tensor weights) = outOfScope!.Value;
                irr = Scale(Dot(MaxZero(Subtract(DotGroups(states, k), perOther!)), weights), settings.IrrWeight);
                loss = Add(loss, irr);
            }

            Record(edits, epoch, edit);
            Record(recs, epoch, rec);
            if (irr is not null) Record(irrs, epoch, irr);
            tape.Backward(Sum(loss)); // neurons share nothing, so each gets the gradient of its own loss
            optimizer.Step(k.Gradient!, v.Gradient!);
        }

        (float[][] trainedKeys, float[][] trainedValues, EpochLoss[][] losses) = (Vectors(keys), Vectors(values), Losses());
        return [.. born.Select((neuron, i) => neuron with { Key = trainedKeys[i], Value = trainedValues[i], Losses = losses[i] })];

        Tensor Stacked(Func<Neuron, float[]> vector)
        {
            Tensor rows = device.Allocate(N, C);
            for (int i = 0; i < N; i++) device.Upload(vector(born[i]), rows.Slice(i, 1));
            return rows;
        }

        Tensor Repeated(int times) => device.From([.. born.SelectMany(n => Enumerable.Repeat(n.Threshold, times))], N, times);

        void Record(Tensor losses, int epoch, Variable loss) => device.Copy(loss.Value.Reshape(1, N), losses.Slice(epoch, 1));

        EpochLoss[][] Losses()
        {
            (float[] edit, float[] rec, float[] irr) = (edits.ToArray(), recs.ToArray(), irrs.ToArray());
            return [.. Enumerable.Range(0, N).Select(i => Enumerable.Range(0, settings.Epochs)
                .Select(e => new EpochLoss(edit[e * N + i], rec[e * N + i], irr[e * N + i])).ToArray())];
        }
    }

    private static float[][] Vectors(Tensor rows) => [.. rows.ToArray().Chunk(rows.Columns)];
}
