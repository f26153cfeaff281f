namespace Sharpformer.Transformer.Training;

/// <summary>Windows of tokens that go through the model together, and what it shall say at each of them.</summary>
/// <param name="B">Windows.</param>
/// <param name="T">Tokens of each.</param>
/// <param name="Inputs">What is read, <c>[B·T]</c>; padding is any token.</param>
/// <param name="Targets">What is to be said next, <c>[B·T]</c>; <see cref="NoTarget"/> where nothing counts.</param>
/// <param name="Starts">
/// <c>[B·T]</c>: where in its window the document of each position begins. A position sees nothing before that and counts from
/// there. Null where each window is one sequence.
/// </param>
public sealed record TrainingBatch(int B, int T, int[] Inputs, int[] Targets, int[]? Starts = null)
{
    /// <summary>No token.</summary>
    public const int NoTarget = -1;

    /// <summary>The rows of <c>[B·T,…]</c> that have a target.</summary>
    public int[] RowsWithTarget() => [.. Enumerable.Range(0, Targets.Length).Where(row => Targets[row] != NoTarget)];

    /// <summary>The position of each token in its document.</summary>
    public int[] Positions() => [.. Enumerable.Range(0, Inputs.Length).Select(row => (row % T) - (Starts?[row] ?? 0))];
}
