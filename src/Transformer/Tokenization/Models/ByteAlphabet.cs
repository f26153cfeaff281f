namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>
/// GPT-2 writes every byte as one printable character, so that its vocabulary is readable text: printable Latin-1
/// stands for itself, the other 68 bytes become U+0100, U+0101, … in order (a space is <c>Ġ</c>, U+0120).
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Symbols = CreateSymbols();
    private static readonly Dictionary<char, byte> Bytes = Enumerable.Range(0, 256).ToDictionary(b => Symbols[b], b => (byte)b);

    /// <summary>The character that stands for <paramref name="value"/>.</summary>
    public static char Symbol(byte value) => Symbols[value];

    /// <summary>The bytes a token stands for; null where it holds a character outside the alphabet.</summary>
    public static byte[]? TryBytes(string token)
    {
        byte[] bytes = new byte[token.Length];
        for (int i = 0; i < bytes.Length; i++)
            if (!Bytes.TryGetValue(token[i], out bytes[i])) return null;
        return bytes;
    }

    private static char[] CreateSymbols()
    {
        char[] symbols = new char[256];
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            // U+00AD, the soft hyphen, is the one invisible character among the upper ones.
            bool printable = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xFF and not 0xAD);
            symbols[b] = (char)(printable ? b : next++);
        }

        return symbols;
    }
}
