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

    /// <summary>Starts a new text.</summary>
    public StreamDecoder(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        this.tokenizer = tokenizer;
    }

    /// <summary>Adds a token and returns the text that is complete now, often none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string Push(int id) => Decode(tokenizer.TokenBytes(id), flush: false);

    /// <summary>Ends the text: U+FFFD for a character that never became complete, else nothing. A new text may follow.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        char[] chars = new char[decoder.GetCharCount(bytes, flush)];
        return new string(chars, 0, decoder.GetChars(bytes, chars, flush));
    }
}
