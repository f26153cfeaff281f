namespace Sharpformer.Editing.Metrics;

/// <summary>
/// What the model says at each target position when the gold tokens before it are given (teacher forcing). Greedy
/// generation produces the whole target exactly when every one of these is right, because up to the first mistake
/// it sees the same tokens; so free-running success needs no second pass.
/// </summary>
/// <param name="Gold">The expected tokens.</param>
/// <param name="Base">The base model's most likely tokens.</param>
/// <param name="Edited">The edited model's.</param>
/// <param name="Withdrawn">The edited model's with the question's own edit withdrawn; equal to <paramref name="Edited"/> when none was
/// named.</param>
public sealed record Answer(int[] Gold, int[] Base, int[] Edited, int[] Withdrawn)
{
    /// <summary>The edit that answers at each of these positions; 0 where none does.</summary>
    public long[] Spoke { get; init; } = [];

    /// <summary>Share of target tokens the base model gets right.</summary>
    public double BaseAccuracy => ShareRight(Gold, Base);

    /// <summary>Share of target tokens the edited model gets right.</summary>
    public double EditedAccuracy => ShareRight(Gold, Edited);

    /// <summary>Share of an answer's tokens that are predicted.</summary>
    internal static double ShareRight(int[] gold, int[] predicted) =>
        gold.Zip(predicted).Count(pair => pair.First == pair.Second) / (double)gold.Length;
}
