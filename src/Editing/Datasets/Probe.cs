namespace Sharpformer.Editing.Datasets;

/// <summary>What a probe of a record asks for.</summary>
public enum ProbeKind
{
    /// <summary>What must stay: unrelated questions, neighbours, other relations of the subject. NS is measured on these.</summary>
    Locality,

    /// <summary>What follows from the edit: aliases, reasoning, several hops.</summary>
    Portability,

    /// <summary>Other subjects of which the new answer was true all along (CounterFact's attribute prompts).</summary>
    Attribute,
}

/// <summary>A question beside the edit, by which its consequences are measured.</summary>
/// <param name="Kind">What it asks for.</param>
/// <param name="Group">The data set's own name for questions of its sort, for example <c>Relation_Specificity</c>.</param>
/// <param name="Prompt">The question.</param>
/// <param name="Answers">Answers of which any is right, without their leading space; empty where the file names none.</param>
public sealed record Probe(ProbeKind Kind, string Group, string Prompt, IReadOnlyList<string> Answers)
{
    /// <summary>The same question in other words; the probe is answered where any of them is.</summary>
    public IReadOnlyList<string> Wordings { get; init; } = [];

    /// <summary>Equal in every text.</summary>
    public bool Equals(Probe? other) => other is not null && (Kind, Group, Prompt) == (other.Kind, other.Group, other.Prompt)
        && Answers.SequenceEqual(other.Answers) && Wordings.SequenceEqual(other.Wordings);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Group, Prompt, Answers.Count, Wordings.Count);
}
