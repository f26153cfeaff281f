namespace Sharpformer.Editing.Metrics.Examination;

/// <summary>What a prompt of an examination asks for.</summary>
public enum PromptKind
{
    /// <summary>The edit's own prompt.</summary>
    Edit,

    /// <summary>It in other words.</summary>
    Paraphrase,

    /// <summary>What must stay, by groups of the data set.</summary>
    Locality,

    /// <summary>What follows from the edit, by groups of the data set.</summary>
    Portability,

    /// <summary>Other subjects of which the new answer was true all along.</summary>
    Attribute,

    /// <summary>An unedited fact in the edits' words.</summary>
    Neighbour,

    /// <summary>Another relation of an edited subject, unedited.</summary>
    SameSubject,
}

/// <summary>How a model answers a prompt. Of several answers and wordings the best counts.</summary>
/// <param name="TokensRight">Share of the answer's tokens that are the most likely ones behind the right ones before them.</param>
/// <param name="Probability">Geometric mean of the answer's tokens' probabilities.</param>
/// <param name="RivalProbability">The same of the answer that stands against it; null where none is known.</param>
/// <param name="IsRivalWhole">Whether all tokens of that are the most likely ones; null where none is known.</param>
/// <param name="Says">What is written first, greedily from the prompt alone; null where it was not asked for.</param>
public sealed record PromptScores(
    double TokensRight, double Probability, double? RivalProbability, bool? IsRivalWhole, string? Says)
{
    /// <summary>Whether all of the answer's tokens are right.</summary>
    public bool IsWhole => TokensRight == 1;
}

/// <summary>A prompt, and how the base and the edited model answer it.</summary>
/// <param name="Record">The number of the record, from 0; of neighbours and other relations, in their own list.</param>
/// <param name="Kind">What it asks for.</param>
/// <param name="Group">The data set's own name for questions of its sort; empty where it has none.</param>
/// <param name="Frame">What stands around it: <see cref="PromptFrame.Name"/>.</param>
/// <param name="Prompt">The prompt as it is asked.</param>
/// <param name="Expected">The answers of which any is right; none where only what follows is compared.</param>
/// <param name="Base">The base model; of no meaning where nothing is expected, but for what it says.</param>
/// <param name="Edited">The edited model.</param>
/// <param name="IsKept">Whether the most likely next token is the same in both.</param>
/// <param name="Kl">KL(base ‖ edited) of the next token, in nats.</param>
/// <param name="Edit">The edit that speaks there; 0 where none is known to.</param>
public sealed record ExaminedPrompt(
    int Record, PromptKind Kind, string Group, string Frame, string Prompt, IReadOnlyList<string> Expected, PromptScores Base,
    PromptScores Edited, bool IsKept, double Kl, long Edit)
{
    /// <summary>Whether a model says one of the expected answers; null where it was not asked.</summary>
    public bool? Says(PromptScores scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return scores.Says is { } said && Expected.Count > 0 ? Expected.Any(answer => SaidText.IsSame(said, answer)) : null;
    }
}
