namespace Sharpformer.Transformer.Tokenization.PreTokenizers;

/// <summary>A part of a text on its way to the model, never empty.</summary>
/// <param name="Text">Its text as it is now.</param>
/// <param name="IsFirst">Whether the whole text begins with it.</param>
/// <param name="Continues">Whether another text stands directly before it, so that nothing may be put in front.</param>
internal readonly record struct Piece(string Text, bool IsFirst, bool Continues)
{
    /// <summary>A part of this piece.</summary>
    public Piece Part(int start, int length) =>
        start == 0 && length == Text.Length ? this : new(Text.Substring(start, length), IsFirst && start == 0, Continues && start == 0);
}

/// <summary>Cuts a piece into others, and may change them.</summary>
internal delegate IEnumerable<Piece> PreTokenizer(Piece piece);
