namespace Sharpformer.Editing.Metrics;

/// <summary>How well texts are predicted, before and after editing.</summary>
/// <param name="Tokens">Tokens scored: all but the first of each text.</param>
/// <param name="Base">The base model.</param>
/// <param name="Edited">The edited model, which has the adaptor at each position it predicts from and nowhere before (Eq. 7).</param>
/// <param name="Answered">Percentage of positions at which a neuron answered, however weakly.</param>
/// <param name="Changed">Percentage of positions whose most likely next token is another one in the edited model.</param>
public sealed record PerplexityReport(int Tokens, TextLoss Base, TextLoss Edited, double Answered, double Changed)
{
    /// <summary>The edited model's perplexity by the base model's, of all tokens together.</summary>
    public double Ratio => Edited.Perplexity / Base.Perplexity;

    /// <summary>The same text by text, of which half are not above it: a few ruined texts do not move it.</summary>
    public double MedianRatio { get; init; }
}

/// <summary>One model's loss on a text.</summary>
/// <param name="Total">Σ -log p of the tokens scored, in nats.</param>
/// <param name="Tokens">How many they are.</param>
public readonly record struct TextLoss(double Total, int Tokens)
{
    /// <summary>The mean -log p of a token, in nats.</summary>
    public double Mean => Total / Tokens;

    /// <summary>e to the mean loss: among how many equally likely tokens the model might as well have chosen.</summary>
    public double Perplexity => Math.Exp(Mean);

    /// <summary>Bits the model needs for a byte of the text; unlike the others comparable across tokenizers.</summary>
    /// <param name="bytes">UTF-8 length of the tokens scored.</param>
    public double BitsPerByte(long bytes) => Total / Math.Log(2) / bytes;
}
