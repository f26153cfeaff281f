namespace Sharpformer.Editing.Metrics;

/// <summary>Why an edited model does not say what it was taught.</summary>
public enum Shortfall
{
    /// <summary>It does.</summary>
    None,

    /// <summary>The prompt is not near enough to what the edit was taught on: nothing speaks.</summary>
    BelowThreshold,

    /// <summary>The prompt does not name what the edit is about, and so it keeps silent.</summary>
    NotNamed,

    /// <summary>Another edit is nearer and speaks.</summary>
    AnotherEdit,

    /// <summary>A withdrawn edit is nearer and keeps silent.</summary>
    WithdrawnEdit,

    /// <summary>The edit speaks, but the model would rather say something else.</summary>
    TooWeak,

    /// <summary>No edit sits beside the model that should speak, and its weights do not say it.</summary>
    Weights,
}

/// <summary>What the edited model answers to a prompt, beside what it should.</summary>
/// <param name="Edit">The edit that should answer; null where none is known.</param>
/// <param name="IsParaphrase">Whether the prompt is another wording of the edit's own.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Expected">The target's tokens.</param>
/// <param name="Said">The most likely token at each place behind the expected ones before it, up to the first that differs.</param>
/// <param name="Probability">P(target): the product of its tokens' probabilities, each behind those before it.</param>
/// <param name="Why">What is wrong at the first token that differs.</param>
/// <param name="Speaks">What speaks there, or comes closest; of no meaning if nothing differs.</param>
public sealed record CheckedAnswer(
    long? Edit, bool IsParaphrase, string Prompt, IReadOnlyList<int> Expected, IReadOnlyList<int> Said, double Probability, Shortfall Why,
    Firing Speaks)
{
    /// <summary>Whether the whole target is said.</summary>
    public bool IsSaid => Why == Shortfall.None;

    /// <summary>What is in the way, in words; null where nothing is.</summary>
    public string? Reason => Why switch
    {
        Shortfall.None => null,
        Shortfall.BelowThreshold => "not near enough: no edit answers",
        Shortfall.NotNamed => "its subject is not named where it is asked",
        Shortfall.AnotherEdit => $"edit {Speaks.Edit} answers instead",
        Shortfall.WithdrawnEdit => $"withdrawn edit {Speaks.Edit} is nearest and silent",
        Shortfall.TooWeak => "it answers, but not strongly enough",
        _ => "the weights do not say it",
    };

    /// <summary>L_edit (Eq. 8), averaged over the target's tokens: -log P(target) divided by how many they are.</summary>
    public double Loss => -Math.Log(Probability) / Expected.Count;
}
