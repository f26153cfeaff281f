using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Lora;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Sola;

/// <summary>What training made of an adapter.</summary>
/// <param name="Parts">The adapter, and the loss before each step.</param>
/// <param name="Loss">The loss at the end.</param>
internal sealed record TrainedAdapter(IReadOnlyList<EditPart> Parts, double Loss);

/// <summary>Trains an adapter for one edit on the frozen base model: nothing but the edit and the seed decides what comes of it.</summary>
/// <param name="model">The base model.</param>
/// <param name="settings">How.</param>
internal sealed class SolaTraining(CausalLm model, SolaSettings settings)
{
    private readonly Device device = model.Device;

    /// <summary>Trains it.</summary>
    /// <param name="edit">What it shall say.</param>
    /// <param name="cancellation">Checked before each step.</param>
    public TrainedAdapter Train(EditTokens edit, CancellationToken cancellation)
    {
        using BufferScope scope = device.Scope();
        AdapterPair[] pairs = Begin(edit);
        var texts = new AnswerTexts(model, settings.Layer, [edit]);
        AdamW? adam = settings.Adam ? new AdamW(settings.LearningRate) : null;
        foreach (AdapterPair pair in pairs)
        {
            adam?.Add(pair.A.Value);
            adam?.Add(pair.B.Value);
        }

        var losses = new List<float>();
        for (int epoch = 0; epoch < settings.Epochs; epoch++)
        {
            cancellation.ThrowIfCancellationRequested();
            float rate = (float)(settings.LearningRate * 0.5 * (1 + Math.Cos(Math.PI * epoch / settings.Epochs)));
            losses.Add(Step(pairs, texts, adam, rate));
            if (losses[^1] < settings.StopLoss) break;
        }

        double loss = texts.LossPerEdit(AdapterPair.Added(model, pairs, settings.Scale))[0];
        return new TrainedAdapter(
            [.. pairs.SelectMany(pair => pair.Parts()), new EditPart(EditPart.Losses, [losses.Count], [.. losses])], loss);
    }

    /// <summary>The adapter before it has learnt anything: A of normal numbers that keep the length of what they read, B zero.</summary>
    public AdapterPair[] Begin(EditTokens edit)
    {
        Rng seeded = new Rng(settings.Seed).Fork($"{string.Join(' ', edit.Prompt)}\n{string.Join(' ', edit.Target)}");
        return [.. settings.Matrices.Select(matrix =>
        {
            Rng rng = seeded.Fork(matrix.Name);
            return AdapterPair.Begin(model, matrix, settings.Rank, inputs => rng.NextNormal() / Math.Sqrt(inputs));
        })];
    }

    /// <summary>One step, unless the edit is learnt already.</summary>
    /// <returns>The loss before it.</returns>
    private float Step(AdapterPair[] pairs, AnswerTexts texts, AdamW? adam, float rate)
    {
        using BufferScope scope = device.Scope();
        var tape = new Tape();
        AdapterPair[] trained = [.. pairs.Select(pair => pair.On(tape))];
        Variable loss = texts.Loss(AdapterPair.Added(model, trained, settings.Scale));
        float before = loss.Value.ToScalar();
        if (before < settings.StopLoss) return before;
        tape.Backward(loss);
        Variable[] parameters = [.. trained.SelectMany(pair => new[] { pair.A, pair.B })];
        if (adam is not null)
        {
            adam.LearningRate = rate;
            adam.Step([.. parameters.Select(parameter => parameter.Gradient!)]);
            return before;
        }

        foreach (Variable parameter in parameters)
            device.Copy(Ops.Add(parameter.Value, Ops.Scale(parameter.Gradient!, -rate)).Value, parameter.Value);
        return before;
    }
}
