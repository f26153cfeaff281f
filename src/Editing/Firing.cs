namespace Sharpformer.Editing;

/// <summary>What an edit does about one prompt.</summary>
public enum FiringState
{
    /// <summary>There is no edit that could answer.</summary>
    None,

    /// <summary>The prompt does not resemble the edit's enough.</summary>
    Below,

    /// <summary>It does, but the text does not name what the edit is about.</summary>
    Locked,

    /// <summary>It does, but the edit is withdrawn and stays silent.</summary>
    Withdrawn,

    /// <summary>It does, and the edit answers.</summary>
    Answers,
}

/// <summary>How an edit that sits beside the model sees one row of what it reads. This is the one rule of what fires.</summary>
/// <param name="Index">Its place in its memory.</param>
/// <param name="Edit">Id of the edit; 0 where there is none.</param>
/// <param name="Part">Which of the edit's parts, for iReVa the neuron's place among those of its edit.</param>
/// <param name="Token">The token that it wants said.</param>
/// <param name="Margin">How far the score is above the threshold; negative below it.</param>
/// <param name="Threshold">What the score has to exceed.</param>
/// <param name="Strength">What its value is multiplied with when it is added; 0 where it adds nothing at all.</param>
/// <param name="IsWithdrawn">Whether the edit is withdrawn.</param>
public readonly record struct Firing(
    int Index, long Edit, int Part, int Token, float Margin, float Threshold, float Strength, bool IsWithdrawn)
{
    /// <summary>Whether the text up to the row does not name what the edit is about, where the edit asks for that.</summary>
    public bool IsLocked { get; init; }

    /// <summary>Whether it speaks for all edits that it was taught with: they answer together, and none of them for itself.</summary>
    public bool IsJoint { get; init; }

    /// <summary>
    /// What is added beside it, by places in its memory and strengths: none but in a memory without max-pooling.
    /// </summary>
    public IReadOnlyList<(int Index, float Strength)>? Others { get; init; }

    /// <summary>How well the row matches.</summary>
    public float Score => Margin + Threshold;

    /// <summary>What comes of it.</summary>
    public FiringState State => Edit == 0 ? FiringState.None
        : !(Margin > 0) ? FiringState.Below
        : IsLocked ? FiringState.Locked
        : IsWithdrawn ? FiringState.Withdrawn
        : FiringState.Answers;

    /// <summary>
    /// Whether anything is added at all. Just below its threshold an activation is not quite 0, so this may be so although nothing
    /// answers.
    /// </summary>
    public bool Adds => Strength != 0 || Others is not null;
}
