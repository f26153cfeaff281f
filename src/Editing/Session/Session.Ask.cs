using Sharpformer.Editing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer;

/// <content>Asking the edited model.</content>
public sealed partial class Session
{
    /// <summary>Writes on from a prompt.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="maxNewTokens">Stops after so many tokens.</param>
    /// <param name="sampling">How tokens are chosen; null takes the most likely each time.</param>
    /// <param name="say">Receives the text piece by piece as it is made.</param>
    /// <param name="cancellation">Ends the text.</param>
    /// <exception cref="InputException">The prompt is empty or too long, or the model chose a token that its tokenizer does not
    /// know.</exception>
    public Generation Generate(
        string prompt, int maxNewTokens = 40, SamplingOptions? sampling = null, Action<string>? say = null,
        CancellationToken cancellation = default) =>
        queue.Run(() => Generate(Edited, prompt, maxNewTokens, sampling, say, cancellation));

    /// <summary>The same by any edited model of this session's base model, whatever edits the store has.</summary>
    /// <inheritdoc cref="Generate(string, int, SamplingOptions?, Action{string}?, CancellationToken)"/>
    public Generation Generate(
        EditedModel model, string prompt, int maxNewTokens, SamplingOptions? sampling = null, Action<string>? say = null,
        CancellationToken cancellation = default) => queue.Run(() =>
            Generation.Of(model, Tokenizer, prompt, PromptTokens(prompt), maxNewTokens, sampling, say, cancellation: cancellation));

    /// <summary>Why the edited model says what it says after a prompt.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="target">The answer whose first token is followed through the blocks; null for that of the edit that wins, or else
    /// what the edited model says.</param>
    /// <exception cref="InputException">The prompt is empty or too long, or the target is empty.</exception>
    public Explanation Explain(string prompt, string? target = null) => queue.Run(() => Explanation.Of(
        Edited, PromptTokens(prompt),
        target is null ? null : EditTokens.Of(Tokenizer, prompt, target, Model.Config.NPositions).Target[0]));

    /// <summary>Which edit speaks at which token of what the edited model writes on from a prompt, the most likely token each
    /// time.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="maxNewTokens">Stops after so many tokens.</param>
    /// <param name="cancellation">Ends the text.</param>
    /// <exception cref="InputException">The prompt is empty or too long, or the model chose a token that its tokenizer does not
    /// know.</exception>
    public ExplainedGeneration ExplainGeneration(string prompt, int maxNewTokens, CancellationToken cancellation = default) =>
        queue.Run(() => ExplainedGeneration.Of(
            Edited, Tokenizer, PromptTokens(prompt), Generate(prompt, maxNewTokens, cancellation: cancellation), cancellation));

    /// <summary>The edited model's logits of the token that follows a prompt, <c>[V]</c>.</summary>
    /// <exception cref="InputException">The prompt is empty or too long.</exception>
    public float[] NextTokenLogits(string prompt) => Compute(() =>
    {
        PromptReading reading = Edited.Reading(PromptTokens(prompt));
        return new DecodeSession(reading.Model, 1, reading.Tokens.Length, reading.Openings)
            .Advance(new TokenBatch(reading.Tokens)).ToArray();
    });

    /// <summary>The tokens of a prompt.</summary>
    /// <exception cref="InputException">It is empty or longer than the model's positions.</exception>
    public int[] PromptTokens(string prompt) => Model.CheckedPrompt(Tokenizer.Encode(prompt));

    /// <summary>The text of tokens, one after the other.</summary>
    public string TextOf(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return ids.All(id => id < Tokenizer.VocabularySize) ? Tokenizer.Decode([.. ids]) : string.Concat(ids.Select(TokenText));
    }

    /// <summary>A token's text. A vocabulary padded to a round size has rows without any.</summary>
    public string TokenText(int id) => Tokenizer.TextOf(id);
}
