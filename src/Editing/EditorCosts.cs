namespace Sharpformer.Editing;

/// <summary>
/// What teaching some edits takes, as a method foresees it from their lengths, the model's architecture and the settings. What a machine
/// makes of it is <see cref="TeachingEstimate"/>'s to say.
/// </summary>
/// <param name="Batches">In how many portions the edits are taught.</param>
/// <param name="Flops">Operations in float32: passes through the model and back.</param>
/// <param name="TokensAtOnce">How many tokens go through the model together, which decides how fast they do.</param>
public sealed record EditorCosts(int Batches, double Flops, int TokensAtOnce)
{
    /// <summary>Operations in float64, which a CPU does whatever the device: factors and solutions.</summary>
    public double HostFlops { get; init; }

    /// <summary>Bytes beside the model, the program and the edits that are there, at most.</summary>
    public double Memory { get; init; }

    /// <summary>Numbers that the edits consist of.</summary>
    public double Stored { get; init; }

    /// <summary>Whether searches may end before all the steps are taken that are counted.</summary>
    public bool IsAtMost { get; init; }

    /// <summary>Blocks of which statistics must be there before.</summary>
    public IReadOnlyList<int> Statistics { get; init; } = [];
}
