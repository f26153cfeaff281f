using Sharpformer.Autograd;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.FineTuning;

/// <summary>
/// Trains how weights move: W₀ + Δ with Δ as the parameter, so that what is stored is what was trained, and the clamp holds exactly.
/// </summary>
internal sealed class FineTuningRun
{
    private readonly CausalLm model;
    private readonly FineTuningSettings settings;
    private readonly AdamW adam;
    private readonly List<(string Name, Tensor Weight, Tensor Delta)> trained = [];

    /// <summary>Nothing has moved yet. What is made belongs to the device's current scope.</summary>
    public FineTuningRun(CausalLm model, FineTuningSettings settings)
    {
        (this.model, this.settings, adam) = (model, settings, new AdamW(settings.LearningRate));
        FineTunedWeights.With(model, settings, (name, weight) =>
        {
            trained.Add((name, weight.Value.Float32Copy(), weight.Device.Zeros(weight.Shape)));
            adam.Add(trained[^1].Delta);
            return weight;
        });
    }

    /// <summary>Goes through the edits until an epoch's mean loss is small, or often enough.</summary>
    public void Train(IReadOnlyList<AnswerTexts> chunks, CancellationToken cancellation)
    {
        for (int epoch = 0; epoch < settings.Epochs; epoch++)
        {
            double sum = 0;
            foreach (AnswerTexts chunk in chunks)
            {
                cancellation.ThrowIfCancellationRequested();
                sum += chunk.Count * Step(chunk);
            }

            if (sum / chunks.Sum(chunk => chunk.Count) < settings.StopLoss) break;
        }
    }

    /// <summary>The model with its weights as far as they have moved, with a tape as parameters' sums.</summary>
    public CausalLm Model(Tape? tape, List<Variable>? parameters = null) => FineTunedWeights.With(model, settings, (name, now) =>
    {
        (_, Tensor weight, Tensor delta) = trained.Find(one => one.Name == name);
        Variable moved = tape is null ? delta : tape.Parameter(delta);
        parameters?.Add(moved);
        return Ops.Add(weight, moved);
    });

    /// <summary>Δ of every weight.</summary>
    public IEnumerable<EditPart> Parts() => trained.Select(one =>
        new EditPart(one.Name, one.Delta.Shape.Rank == 1 ? [one.Delta.Columns] : [one.Delta.Rows, one.Delta.Columns], one.Delta.ToArray()));

    /// <summary>One step on a chunk, unless it has been learnt already.</summary>
    /// <returns>The loss before it.</returns>
    private double Step(AnswerTexts chunk)
    {
        using BufferScope scope = model.Device.Scope();
        var tape = new Tape();
        var parameters = new List<Variable>();
        Variable loss = chunk.Loss(Model(tape, parameters));
        float before = loss.Value.ToScalar();
        if (before < settings.StopLoss) return before;
        tape.Backward(loss);
        adam.Step([.. parameters.Select(parameter => parameter.Gradient!)]);
        foreach ((_, _, Tensor delta) in trained) model.Device.Map<ClampOp>(delta, settings.Clamp, delta);
        return before;
    }
}
