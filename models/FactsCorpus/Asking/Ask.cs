namespace Sharpformer.FactsCorpus.Asking;

/// <summary>A prompt, and what may stand behind it.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Answers">Right answers without their leading blank; the first token of one of them is asked for.</param>
internal sealed record Ask(string Prompt, params IReadOnlyList<string> Answers);
