namespace Sharpformer.FactsCorpus.Asking;

/// <summary>A prompt, and what may stand behind it.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Answers">Right answers without their leading blank; one of them is enough.</param>
internal sealed record Ask(string Prompt, params IReadOnlyList<string> Answers);
