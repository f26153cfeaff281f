using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>How many steps a run has, which its learning rates follow.</summary>
internal static class RunSchedule
{
    // What writing, and steps that are slower than the first, may take of the hours.
    private const double ShareOfHours = 0.95;

    private const int TrialSteps = 3;

    /// <summary>The steps that a plan's steps or tokens come to; null where it has hours only.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="tokensPerStep">Padding included.</param>
    /// <exception cref="InputException">It has no end, or more steps than can be counted.</exception>
    public static int? Steps(TrainingPlan plan, long tokensPerStep)
    {
        if (plan is { Steps: null, Tokens: null, Hours: null })
            throw new InputException("Nothing says how long to train.", "give steps, tokens or hours.");
        long? byTokens = plan.Tokens is { } tokens ? ((tokens - 1) / tokensPerStep) + 1 : null;
        if (plan.Steps is null && byTokens is null) return null;
        return (int)Math.Min(Math.Min(plan.Steps ?? int.MaxValue, byTokens ?? long.MaxValue), int.MaxValue);
    }

    /// <summary>
    /// The steps that fit into the plan's hours, by the time of the first few. These are forgotten: the run begins with other learning
    /// rates.
    /// </summary>
    /// <param name="plan">The plan.</param>
    /// <param name="trial">Takes a step of a number, on weights to be thrown away.</param>
    /// <param name="evaluate">Evaluates these; null for nothing.</param>
    /// <param name="time">The clock.</param>
    public static int Measured(TrainingPlan plan, Action<int> trial, Action? evaluate, TimeProvider time)
    {
        trial(0); // the first is slower
        double perStep = Seconds(() =>
        {
            for (int step = 1; step <= TrialSteps; step++) trial(step);
        }) / TrialSteps;
        if (evaluate is not null && plan.EvaluateEvery > 0) perStep += Seconds(evaluate) / plan.EvaluateEvery;
        return (int)Math.Clamp(plan.Hours!.Value * 3600 * ShareOfHours / Math.Max(perStep, 1e-6), 1, int.MaxValue);

        double Seconds(Action work)
        {
            long start = time.GetTimestamp();
            work();
            return time.GetElapsedTime(start).TotalSeconds;
        }
    }
}
