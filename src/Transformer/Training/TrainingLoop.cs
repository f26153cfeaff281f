using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>
/// Steps, evaluations, log and checkpoints of a run, whatever is trained. It can stop at any time and go on from its state as if it had
/// not.
/// </summary>
/// <param name="optimizer">What is trained.</param>
/// <param name="step">Takes a step of a number, counted from 0; what it reads depends on that alone.</param>
/// <param name="evaluate">Evaluates; null where nothing is asked.</param>
/// <param name="plan">How long, and what is kept when.</param>
/// <param name="checkpoint">Where.</param>
/// <param name="time">The clock.</param>
/// <param name="progress">Told after each step and evaluation.</param>
internal sealed class TrainingLoop(
    WeightOptimizer optimizer, Func<int, CancellationToken, StepReport> step, Func<CancellationToken, MeasuredLoss>? evaluate,
    TrainingPlan plan, TrainingCheckpoint checkpoint, TimeProvider time, Action<TrainingProgress>? progress)
{
    private readonly long began = time.GetTimestamp();
    private double secondsBefore, stepSeconds;
    private long sessionTokens;
    private int sessionSteps;
    private long savedAt;
    private (long Tokens, double Seconds) sinceLine;

    /// <summary>Trains until the run ends; then all of it is kept.</summary>
    /// <param name="state">Where it stands; the optimizer's and the log's are the same.</param>
    /// <param name="cancellation">Stops it; what was learnt is kept.</param>
    /// <exception cref="InputException">It was stopped, a loss is not finite, or it cannot be kept.</exception>
    public (RunState State, TrainingEnd End) Run(RunState state, CancellationToken cancellation)
    {
        (secondsBefore, savedAt) = (state.Seconds, began);
        try
        {
            TrainingEnd? end;
            while (true)
            {
                if (IsEvaluationDue(state)) state = Evaluated(state, cancellation);
                end = End(state);
                if (end is not null) break;
                if (IsCheckpointDue(state)) state = Saved(state);
                cancellation.ThrowIfCancellationRequested();
                state = Stepped(state, cancellation);
                if (!IsEvaluationDue(state)) Tell(state); // or else what is told has the evaluation in it
            }

            if (evaluate is not null && state.Evaluated != state.Step) state = Evaluated(state, cancellation);
            return (Saved(state), end.Value);
        }
        catch (Exception e) when (state.Step > 0 && (e is InputException error ? Trainer.IsDiverged(error)
            : e is OperationCanceledException && cancellation.IsCancellationRequested))
        {
            Saved(state);
            throw;
        }
    }

    private bool IsEvaluationDue(RunState state) => evaluate is not null && state.Step > 0 && state.Evaluated != state.Step
        && (state.Step == state.Steps || (plan.EvaluateEvery > 0 && state.Step % plan.EvaluateEvery == 0));

    private bool IsCheckpointDue(RunState state) =>
        (plan.CheckpointEvery > 0 && sessionSteps > 0 && state.Step % plan.CheckpointEvery == 0)
        || (plan.CheckpointMinutes > 0 && time.GetElapsedTime(savedAt).TotalMinutes >= plan.CheckpointMinutes);

    private TrainingEnd? End(RunState state) => state.Step >= state.Steps ? TrainingEnd.Steps
        : plan.Patience > 0 && state.SinceBest >= plan.Patience ? TrainingEnd.NoBetter
        : state.Step > 0 && Seconds() >= plan.Hours * 3600 ? TrainingEnd.Hours
        : null;

    private RunState Stepped(RunState state, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        StepReport report = step(state.Step, cancellation);
        double seconds = time.GetElapsedTime(start).TotalSeconds;
        stepSeconds += seconds;
        sessionTokens += report.Targets;
        sessionSteps++;
        sinceLine = (sinceLine.Tokens + report.Targets, sinceLine.Seconds + seconds);
        state = state with
        {
            Step = report.Step,
            Tokens = state.Tokens + report.Targets,
            FirstLoss = state.FirstLoss ?? report.Loss,
            Loss = report.Loss,
        };
        if (state.Step % plan.LogEvery == 0 || state.Step == 1 || state.Step == state.Steps)
        {
            double speed = Math.Round(sinceLine.Tokens / Math.Max(sinceLine.Seconds, 1e-9), 1);
            checkpoint.Log.Add(
                new TrainingLogLine(state.Step, state.Tokens, report.Loss, report.GradientNorm, report.LearningRate, speed)
                {
                    Terms = report.Terms,
                });
            sinceLine = default;
        }

        return state;
    }

    private RunState Evaluated(RunState state, CancellationToken cancellation)
    {
        (double loss, IReadOnlyDictionary<string, double>? terms) = evaluate!(cancellation);
        if (!double.IsFinite(loss))
            throw Trainer.Diverged(FormattableString.Invariant($"After step {state.Step} the loss of the evaluation is {loss}."));
        checkpoint.Log.Add(new TrainingLogLine(state.Step, state.Tokens, EvaluationLoss: loss) { Terms = terms });
        state = state with { Evaluated = state.Step, EvaluationLoss = loss, SinceBest = state.SinceBest + 1 };
        bool isBest = state.Best is null || loss < state.Best.Loss;
        if (isBest) state = state with { Best = new BestEvaluation(state.Step, loss), SinceBest = 0 };
        if (isBest && plan.KeepBest) state = Saved(state, isBest: true); // to its end: the log says already that it was evaluated

        Tell(state);
        return state;
    }

    private RunState Saved(RunState state, bool isBest = false)
    {
        state = checkpoint.Save(optimizer, state with { Seconds = Seconds() }, isBest);
        savedAt = time.GetTimestamp();
        return state;
    }

    private double Seconds() => secondsBefore + time.GetElapsedTime(began).TotalSeconds;

    private void Tell(RunState state)
    {
        if (sessionSteps == 0) return;
        double left = (state.Steps - state.Step) * (time.GetElapsedTime(began).TotalSeconds / sessionSteps);
        if (plan.Hours is { } hours) left = Math.Min(left, Math.Max(0, (hours * 3600) - Seconds()));
        progress?.Invoke(new TrainingProgress(
            state.Step, state.Steps, state.Loss ?? double.NaN, sessionTokens / Math.Max(stepSeconds, 1e-9), left, state.EvaluationLoss));
    }
}
