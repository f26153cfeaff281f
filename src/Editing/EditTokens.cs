using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>A prompt and the answer expected after it, as tokens.</summary>
/// <param name="Prompt">Tokens of the prompt, at least one.</param>
/// <param name="Target">Tokens of the answer, at least one.</param>
public sealed record EditTokens(int[] Prompt, int[] Target)
{
    /// <summary>
    /// Tokenises prompt and answer apart and never again together (section 9.5): the answer gets a leading space
    /// unless it has one.
    /// </summary>
    /// <exception cref="InputException">One of them is empty, or together they outgrow the model's positions.</exception>
    public static EditTokens Of(Tokenizer tokenizer, string prompt, string target, int nPositions)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(target);
        if (prompt.Length == 0) throw new InputException("The prompt is empty, expected a text that the target continues.");
        if (string.IsNullOrWhiteSpace(target))
            throw new InputException($"The target after the prompt {Quoted.Text(prompt)} is empty, expected the new answer.");
        var tokens = new EditTokens(tokenizer.Encode(prompt), tokenizer.Encode(target.StartsWith(' ') ? target : " " + target));
        if (tokens.Input.Length > nPositions)
        {
            throw new InputException($"The prompt {Quoted.Text(prompt)} and its target take {tokens.Input.Length} tokens, "
                + $"the model's positions are {nPositions}.");
        }

        return tokens;
    }

    /// <summary>What the model reads while it is asked for each target token: the prompt and all target tokens but the last.</summary>
    public int[] Input => [.. Prompt, .. Target[..^1]];

    /// <summary>The position from which the first target token is predicted.</summary>
    public int First => Prompt.Length - 1;
}
