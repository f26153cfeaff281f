using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Routing;

/// <summary>How a prompt is read, and whatever is written after it.</summary>
/// <param name="Model">The model that reads it.</param>
public sealed record Route(CausalLm Model)
{
    /// <summary>Tokens that are put before the prompt.</summary>
    public int[] Prefix { get; init; } = [];

    /// <summary>
    /// What sits in the model's openings, given where the last token of the prompt of each sequence stands, counted from the prefix's
    /// first; null for nothing.
    /// </summary>
    public Func<int[], IReadOnlyList<Opening>>? OpeningsAt { get; init; }

    /// <summary>The tokens of a text with what is put before it.</summary>
    /// <param name="text">A prompt, or one and what follows it.</param>
    /// <exception cref="InputException">Together they are more than the model's positions.</exception>
    public int[] Tokens(int[] text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Prefix.Length == 0) return text;
        int positions = Model.Config.NPositions;
        return Prefix.Length + text.Length <= positions ? [.. Prefix, .. text] : throw new InputException(
            $"The edit that answers puts {Prefix.Length} tokens before a text of {text.Length}, the model's positions are {positions}.",
            "shorten the prompt (of a text: name a smaller --window), or withdraw the edit.");
    }

    /// <summary>What sits in the openings; see <see cref="OpeningsAt"/>.</summary>
    /// <param name="prompts">How many tokens the prompt of each sequence has.</param>
    public IReadOnlyList<Opening> Openings(IEnumerable<int> prompts) =>
        OpeningsAt?.Invoke([.. prompts.Select(length => Prefix.Length + length - 1)]) ?? [];

    /// <summary>Whether both can read their prompts side by side.</summary>
    internal bool IsBeside(Route other) =>
        ReferenceEquals(Model, other.Model) && ReferenceEquals(OpeningsAt, other.OpeningsAt)
        && (OpeningsAt is null || Prefix.Length == other.Prefix.Length);
}
