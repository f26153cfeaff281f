namespace Sharpformer.Editing;

/// <summary>One fact to teach: after <paramref name="Prompt"/> the model shall say <paramref name="Target"/>.</summary>
/// <param name="Prompt">The whole prompt, any answer trigger included; <c>{}</c> stands for the subject.</param>
/// <param name="Target">The new answer; <see cref="TextRules"/> say whether a blank comes before it.</param>
/// <param name="Subject">What the fact is about; out-of-scope prompts are sampled from it. Null samples from BOS instead.</param>
/// <param name="Source">Where the request came from, for example <c>zsre.json#17</c>.</param>
public sealed record EditRequest(string Prompt, string Target, string? Subject = null, string Source = "")
{
    /// <summary>The column of a file that has <see cref="Aliases"/>.</summary>
    public const string AliasesName = "aliases";

    /// <summary>
    /// Other wordings of the prompt that should get the same answer. They are not taught; the edit can be asked them later.
    /// </summary>
    public IReadOnlyList<string> Paraphrases { get; init; } = [];

    /// <summary>What else the file said of it: who answers for it, why, and whatever other columns there were.</summary>
    public Provenance Provenance { get; init; } = Provenance.None;

    /// <summary>
    /// Other names of the subject, as <see cref="Provenance"/> has them under <see cref="AliasesName"/>; some methods look for them.
    /// </summary>
    public IReadOnlyList<string> Aliases => Provenance.Texts(AliasesName);

    /// <summary>Equal in every text, the paraphrases' and the provenance's included.</summary>
    public bool Equals(EditRequest? other) => other is not null
        && (Prompt, Target, Subject, Source) == (other.Prompt, other.Target, other.Subject, other.Source)
        && Paraphrases.SequenceEqual(other.Paraphrases) && Provenance.Equals(other.Provenance);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Prompt, Target, Subject, Source, Paraphrases.Count);
}
