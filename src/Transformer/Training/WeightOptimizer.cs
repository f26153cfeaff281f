using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>
/// Named weights and the AdamW that changes them along a schedule, their gradients clipped together: the part of training that knows
/// nothing of what the weights are for.
/// </summary>
internal sealed class WeightOptimizer
{
    private readonly AdamW adam;
    private readonly TrainingSettings settings;

    /// <summary>An optimizer that has taken no step.</summary>
    /// <param name="weights">What is trained; matrices decay.</param>
    /// <param name="settings">How.</param>
    /// <param name="state">What belongs to the weights without being trained, statistics for example; null for nothing.</param>
    /// <exception cref="ArgumentException">There is nothing to train.</exception>
    public WeightOptimizer(
        IReadOnlyList<TrainedWeight> weights, TrainingSettings settings, IReadOnlyList<TrainedWeight>? state = null)
    {
        if (weights.Count == 0) throw new ArgumentException("WeightOptimizer: no weights.", nameof(weights));
        (Weights, State, this.settings) = ([.. weights], state ?? [], settings);
        adam = new AdamW((float)settings.LearningRate, (float)settings.Beta1, (float)settings.Beta2, (float)settings.Epsilon);
        foreach (TrainedWeight weight in weights)
            adam.Add(weight.Value, weight.Value.Shape.Rank > 1 ? (float)settings.WeightDecay : 0, weight.Rate);
    }

    /// <summary>What is trained, as it is now.</summary>
    public IReadOnlyList<TrainedWeight> Weights { get; }

    /// <summary>What belongs to it without being trained.</summary>
    public IReadOnlyList<TrainedWeight> State { get; }

    /// <summary>The moments of each weight.</summary>
    public IEnumerable<(Tensor Mean, Tensor Square)> Moments => adam.Moments;

    /// <summary>Steps taken; set only after weights, state and moments were overwritten with those of another run.</summary>
    public int StepsDone
    {
        get => adam.Steps;
        set => adam.Steps = value;
    }

    /// <summary>One step.</summary>
    /// <param name="gradients">One for each weight.</param>
    /// <param name="loss">What they are the gradients of.</param>
    /// <param name="targets">How many targets it is the mean of.</param>
    /// <exception cref="InputException">The loss or a gradient is not finite; nothing has changed then.</exception>
    public StepReport Step(IReadOnlyList<Tensor> gradients, double loss, int targets)
    {
        double norm = Gradients.Norm(gradients), rate = settings.RateAt(StepsDone);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw Trainer.Diverged(FormattableString.Invariant($"Step {StepsDone + 1}: the loss is {loss}, its gradient's norm {norm}."));

        adam.LearningRate = (float)rate;
        adam.GradientScale = settings.ClipNorm > 0 && norm > settings.ClipNorm ? (float)(settings.ClipNorm / norm) : 1;
        adam.Step([.. gradients]);
        return new StepReport(StepsDone, loss, norm, rate, targets);
    }
}
