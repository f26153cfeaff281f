using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Datasets;

/// <summary>How many tokens texts take: for a method that spends a neuron on each token of a target, what they cost.</summary>
public sealed class TokenLengths
{
    private readonly SortedDictionary<int, int> counts = [];

    /// <summary>How many texts have each length, the shortest first.</summary>
    public IReadOnlyDictionary<int, int> Counts => counts;

    /// <summary>Their mean length; 0 for none.</summary>
    public double Mean => Texts == 0 ? 0 : counts.Sum(length => (double)length.Key * length.Value) / Texts;

    /// <summary>The share of more than one token, in percent; 0 for none.</summary>
    public double MultiTokenPercent => Texts == 0 ? 0 : 100.0 * (Texts - counts.GetValueOrDefault(1)) / Texts;

    private int Texts => counts.Values.Sum();

    /// <summary>One more.</summary>
    public void Add(int length) => counts[length] = counts.GetValueOrDefault(length) + 1;
}

/// <summary>How many tokens edits take, counted as they are taught.</summary>
/// <param name="tokenizer">The tokenizer of the model that is to learn them.</param>
public sealed class EditLengths(Tokenizer tokenizer)
{
    /// <summary>Of their prompts.</summary>
    public TokenLengths Prompts { get; } = new();

    /// <summary>Of their targets.</summary>
    public TokenLengths Targets { get; } = new();

    /// <summary>One more edit.</summary>
    public void Add(EditRecord edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        Prompts.Add(tokenizer.Encode(edit.EditPrompt("")).Length);
        Targets.Add(tokenizer.EncodeContinuation(TextRules.Default.Continuation(edit.Target)).Length);
    }
}
