using Sharpformer.Editing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer;

/// <summary>What the model wrote.</summary>
/// <param name="Prompt">The text it continued.</param>
/// <param name="Text">What it wrote.</param>
/// <param name="Tokens">The same as tokens.</param>
/// <param name="Answered">Ids of the edits that answered on the way; weights that were changed do not tell.</param>
/// <param name="IsFull">Whether it ended because the model's positions were used up.</param>
public sealed record Generation(string Prompt, string Text, IReadOnlyList<int> Tokens, IReadOnlyList<long> Answered, bool IsFull)
{
    /// <summary>Lets an edited model write on.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="promptTokens">Its tokens.</param>
    /// <param name="maxNewTokens">Stops after so many tokens.</param>
    /// <param name="sampling">How tokens are chosen; null takes the most likely each time.</param>
    /// <param name="say">Receives the text piece by piece as it is made.</param>
    /// <param name="isEnough">Ends the text once what is written is enough; null for never.</param>
    /// <param name="cancellation">Ends the text.</param>
    /// <exception cref="InputException">The model chose a token that its tokenizer does not know.</exception>
    internal static Generation Of(
        EditedModel model, Tokenizer tokenizer, string prompt, int[] promptTokens, int maxNewTokens, SamplingOptions? sampling = null,
        Action<string>? say = null, Func<string, bool>? isEnough = null, CancellationToken cancellation = default)
    {
        var answered = new SortedSet<long>();
        PromptReading reading = model.Reading(
            promptTokens,
            firings => answered.UnionWith(
                firings.Where(firing => firing.State == FiringState.Answers && firing.Adds).Select(firing => firing.Edit)),
            cancellation);
        var decoder = new StreamDecoder(tokenizer, promptTokens[^1]);
        var tokens = new List<int>();
        string text = "";
        SamplingOptions draw = sampling ?? new SamplingOptions();
        bool isStopped = false;
        foreach (int token in Generator.Generate(reading.Model, reading.Tokens, maxNewTokens, tokenizer.EosIds, draw, reading.Openings))
        {
            cancellation.ThrowIfCancellationRequested();
            if (token >= tokenizer.VocabularySize)
            {
                throw new InputException(
                    $"The model chose token {token}, its tokenizer knows only {tokenizer.VocabularySize}.", "do they belong together?");
            }

            tokens.Add(token);
            Say(decoder.Push(token));
            isStopped = isEnough?.Invoke(text) ?? false;
            if (isStopped) break;
        }

        Say(decoder.Flush());
        bool isFull = !isStopped && tokens.Count < maxNewTokens && reading.Tokens.Length + tokens.Count > model.Base.Config.NPositions;
        return new Generation(prompt, text, tokens, [.. answered], isFull);

        void Say(string piece)
        {
            text += piece;
            say?.Invoke(piece);
        }
    }
}
