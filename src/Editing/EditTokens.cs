using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>A prompt and the answer expected after it, as tokens.</summary>
/// <param name="Prompt">Tokens of the prompt, at least one.</param>
/// <param name="Target">Tokens of the answer, at least one.</param>
public sealed record EditTokens(int[] Prompt, int[] Target)
{
    /// <summary>
    /// Tokenises prompt and answer apart and never again together (section 9.5).
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="prompt">The prompt, as it is asked; see <see cref="TextRules.Prompt"/>.</param>
    /// <param name="target">The answer.</param>
    /// <param name="nPositions">The model's positions.</param>
    /// <param name="rules">How the answer follows the prompt; null for the usual rules.</param>
    /// <exception cref="InputException">One of them is blank, the answer holds what the tokenizer does not know, or together
    /// they outgrow the model's positions.</exception>
    public static EditTokens Of(Tokenizer tokenizer, string prompt, string target, int nPositions, TextRules? rules = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(target);
        if (string.IsNullOrWhiteSpace(prompt))
        {
            string what = prompt.Length == 0 ? "empty" : "blank";
            throw new InputException($"The prompt is {what}, expected a text that the target continues.");
        }

        if (string.IsNullOrWhiteSpace(target))
            throw new InputException($"The target after the prompt {Quoted.Text(prompt)} is empty, expected the new answer.");
        var tokens = new EditTokens(
            tokenizer.Encode(prompt), tokenizer.EncodeContinuation((rules ?? TextRules.Default).Continuation(target)));
        if (tokenizer.UnknownId is { } unknown && tokens.Target.Contains(unknown))
        {
            throw new InputException(
                $"The target {Quoted.Text(target)} holds text for which the model's tokenizer has no token, "
                    + $"only {tokenizer.TokenText(unknown)}.",
                "'model tokenize' shows which; write it in words that the model knows.");
        }

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
