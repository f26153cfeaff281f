namespace Sharpformer.Editing;

/// <summary>One fact to teach: after <paramref name="Prompt"/> the model shall say <paramref name="Target"/>.</summary>
/// <param name="Prompt">The whole prompt, any answer trigger included.</param>
/// <param name="Target">The new answer; a leading space is added when there is none, as the tokenizer wants it.</param>
/// <param name="Subject">What the fact is about; out-of-scope prompts are sampled from it. Null samples from BOS instead.</param>
/// <param name="Source">Where the request came from, for example <c>zsre.json#17</c>.</param>
public sealed record EditRequest(string Prompt, string Target, string? Subject = null, string Source = "");
