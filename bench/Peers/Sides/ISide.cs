namespace Sharpformer.Peers.Sides;

/// <summary>A program with a model, as the rows use it: tokens in, logits out.</summary>
internal interface ISide : IDisposable
{
    /// <summary>Who it is.</summary>
    string Name { get; }

    /// <summary>Reads B prompts of one length side by side, in one go and from nothing.</summary>
    /// <param name="prompts">Tokens.</param>
    /// <param name="logits">Gets the logits after the last token of each, <c>[B,V]</c>, unless it is empty.</param>
    void Read(int[][] prompts, Span<float> logits = default);

    /// <summary>Begins B sequences with prompts of one length.</summary>
    /// <param name="prompts">Tokens.</param>
    /// <param name="room">How many more tokens of each may follow.</param>
    void Begin(int[][] prompts, int room);

    /// <summary>Goes back to where the prompts of <see cref="Begin"/> were read.</summary>
    void Rewind();

    /// <summary>Reads one more token of each sequence.</summary>
    /// <param name="tokens">B of them.</param>
    /// <param name="logits">Gets the logits after them, <c>[B,V]</c>, unless it is empty.</param>
    void Next(int[] tokens, Span<float> logits = default);
}
