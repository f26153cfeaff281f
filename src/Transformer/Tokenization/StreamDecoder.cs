using System.Text;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// Turns ids into text as they are generated. A token may end in the middle of a UTF-8 character; its bytes are
/// held back until the rest has come, so all pieces together are what <see cref="Tokenizer.Decode"/> gives at once.
/// </summary>
public sealed class StreamDecoder
{
    private readonly Tokenizer tokenizer;
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    private int? before;

    /// <summary>Starts a new text.</summary>
    /// <param name="tokenizer">Whose ids they are.</param>
    /// <param name="before">The last token of the text that is continued; null where a text begins. Some tokenizers say the blank
    /// between two words only where they know the one before.</param>
    public StreamDecoder(Tokenizer tokenizer, int? before = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        (this.tokenizer, this.before) = (tokenizer, before);
    }

    /// <summary>Adds a token and returns the text that is complete now, often none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string Push(int id)
    {
        ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id, before);
        before = id;
        return Decode(bytes, flush: false);
    }

    /// <summary>Ends the text: U+FFFD for a character that never became complete, else nothing. A new text may follow.</summary>
    public string Flush()
    {
        before = null;
        return Decode([], flush: true);
    }

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        char[] chars = new char[decoder.GetCharCount(bytes, flush)];
        return new string(chars, 0, decoder.GetChars(bytes, chars, flush));
    }
}
