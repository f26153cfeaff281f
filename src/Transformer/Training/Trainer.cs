using Sharpformer.Autograd;
using Sharpformer.Tensors;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Transformer.Training;

/// <summary>
/// Trains weights of a model by gradient descent: one <see cref="Step"/> after the other, each with gradients of all that is
/// trained, clipped together, and AdamW along the settings' schedule. The same steps give the same bits on any number of threads.
/// </summary>
public sealed class Trainer
{
    private readonly Func<IReadOnlyList<Variable>, ulong?, CausalLm> build;
    private readonly TrainingSettings settings;
    private readonly Device device;

    /// <summary>A trainer of some weights, whatever model they are part of.</summary>
    /// <param name="weights">What is trained; matrices decay.</param>
    /// <param name="build">
    /// Makes the model of the weights as they are; called for each pass with a seed for what the model itself drops, or null where
    /// nothing is dropped.
    /// </param>
    /// <param name="settings">How.</param>
    /// <exception cref="ArgumentException">There is nothing to train.</exception>
    public Trainer(IReadOnlyList<TrainedWeight> weights, Func<IReadOnlyList<Variable>, ulong?, CausalLm> build, TrainingSettings settings)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(build);
        ArgumentNullException.ThrowIfNull(settings);
        Optimizer = new WeightOptimizer(weights, settings);
        (this.build, this.settings, device) = (build, settings, weights[0].Value.Device);
    }

    /// <summary>A trainer of a model's own weights.</summary>
    /// <param name="model">Where the weights start from; it stays as it is.</param>
    /// <param name="settings">How.</param>
    /// <param name="isTrained">Whether the weight of a name is trained or stays as it is; null trains all.</param>
    public static Trainer OfModel(CausalLm model, TrainingSettings settings, Func<string, bool>? isTrained = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        IReadOnlyList<string> names = WeightNames.Of(model);
        bool[] trained = [.. names.Select(name => isTrained?.Invoke(name) ?? true)];
        TrainedWeight[] weights =
        [
            .. names.Zip(model.Weights).Where((_, i) => trained[i])
                .Select(one => new TrainedWeight(one.First, one.Second.Value.Float32Copy(outlivesScopes: true))),
        ];
        return new Trainer(weights, Build, settings);

        CausalLm Build(IReadOnlyList<Variable> variables, ulong? seed)
        {
            int i = 0, next = 0;
            return model.With(weight => trained[i++] ? variables[next++] : weight);
        }
    }

    /// <summary>What is trained, as it is now.</summary>
    public IReadOnlyList<TrainedWeight> Weights => Optimizer.Weights;

    /// <summary>
    /// The optimizer's moments of each weight: with the weights and <see cref="StepsDone"/> all that the next step depends on.
    /// </summary>
    public IEnumerable<(Tensor Mean, Tensor Square)> Moments => Optimizer.Moments;

    /// <summary>Steps taken; set only after weights and moments were overwritten with those of another run, to go on from there.</summary>
    public int StepsDone
    {
        get => Optimizer.StepsDone;
        set => Optimizer.StepsDone = value;
    }

    /// <summary>What changes the weights.</summary>
    internal WeightOptimizer Optimizer { get; }

    /// <summary>The model with the weights as they are now; it changes with each step.</summary>
    public CausalLm Model => build([.. Weights.Select(weight => Variable.Constant(weight.Value))], null);

    /// <summary>
    /// One step of AdamW on the mean loss over all targets of some batches, which go through the model one after the other.
    /// </summary>
    /// <param name="batches">At least one; several add up their gradients.</param>
    /// <param name="cancellation">Stops between two batches; the weights are as before then.</param>
    /// <exception cref="ArgumentException">There is no target.</exception>
    /// <exception cref="InputException">
    /// A token is not in the vocabulary, a document outgrows the positions, or the loss is not finite.
    /// </exception>
    public StepReport Step(IReadOnlyList<TrainingBatch> batches, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        int targets = batches.Sum(batch => batch.Targets.Count(target => target != TrainingBatch.NoTarget));
        if (targets == 0) throw new ArgumentException("Step: no targets.", nameof(batches));
        using BufferScope scope = device.Scope();
        double loss = 0;
        Tensor[] gradients = [];
        for (int i = 0; i < batches.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            ulong seed = new Rng(settings.Seed).Fork($"step {StepsDone}, batch {i}").NextUInt64();
            using BufferScope once = device.Scope();
            (double part, Tensor[] more) = GradientsOf(batches[i], targets, seed);
            loss += part;
            if (i == 0) gradients = Array.ConvertAll(more, once.Keep);
            else Gradients.Accumulate(gradients, more);
        }

        return Optimizer.Step(gradients, loss, targets);
    }

    /// <summary>Mean loss over all targets, without smoothing and dropout.</summary>
    /// <param name="batches">What is asked.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="ArgumentException">There is no target.</exception>
    public double Evaluate(IEnumerable<TrainingBatch> batches, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        CausalLm model = Model;
        (double sum, long count) = (0, 0);
        foreach (TrainingBatch batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = device.Scope();
            // Without gradients nothing is computed again: it only lets go of what lies within a block.
            if (TrainingPass.Losses(model, batch, new WholeSequences(batch.B, batch.Starts), recomputesBlocks: true) is not { } losses)
                continue;
            sum += losses.Value.ToArray().Sum(l => (double)l);
            count += losses.Value.Count;
        }

        return count > 0 ? sum / count : throw new ArgumentException("Evaluate: no targets.", nameof(batches));
    }

    /// <summary>The error that numbers left what can be computed with.</summary>
    internal static InputException Diverged(string what) =>
        new(what, "a lower learning rate, or a longer warm-up?", new NotFiniteNumberException());

    /// <summary>Whether it is that error: the same steps lead there again.</summary>
    internal static bool IsDiverged(InputException error) => error.InnerException is NotFiniteNumberException;

    /// <summary>A batch's share of the mean loss over all targets, and its gradients in a memory of their own.</summary>
    private (double Loss, Tensor[] Gradients) GradientsOf(TrainingBatch batch, int targets, ulong seed)
    {
        using BufferScope scope = device.Scope();
        var tape = new Tape(releases: true);
        Variable[] parameters = [.. Weights.Select(weight => tape.Parameter(weight.Value))];
        var sequences = new WholeSequences(batch.B, batch.Starts, (float)settings.Dropout, seed);
        Variable? losses = TrainingPass.Losses(
            build(parameters, seed), batch, sequences, (float)settings.LabelSmoothing, settings.RecomputesBlocks);
        double loss = 0;
        if (losses is not null)
        {
            Variable mean = Scale(Sum(losses), 1f / targets);
            loss = mean.Value.ToScalar();
            tape.Backward(mean);
        }

        return (loss, [.. parameters.Select(parameter => scope.Keep(parameter.Gradient ?? device.Zeros(parameter.Shape)))]);
    }
}

/// <summary>What a step came to.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="Loss">Mean over its targets, before it.</param>
/// <param name="GradientNorm">Length of all gradients together, before clipping.</param>
/// <param name="LearningRate">Its step size.</param>
/// <param name="Targets">Tokens that were to be said.</param>
public sealed record StepReport(int Step, double Loss, double GradientNorm, double LearningRate, int Targets)
{
    /// <summary>What the loss is the sum of, by name; null where it is one thing.</summary>
    public IReadOnlyDictionary<string, double>? Terms { get; init; }
}

/// <summary>What an evaluation came to.</summary>
/// <param name="Loss">Its loss.</param>
/// <param name="Terms">What was measured along with it, by name; null for nothing.</param>
public sealed record MeasuredLoss(double Loss, IReadOnlyDictionary<string, double>? Terms = null);
