using System.Text;

namespace Sharpformer.Tests.Transformer.Tokenization;

/// <summary>Seeded text that visits every corner of Unicode.</summary>
internal static class RandomText
{
    private static readonly string[] Fragments =
    [
        "<|endoftext|>", "<|endoftext", "endoftext|>", " the", "don't", "'ll", "'LL", "''s", "1,000", "e\u0301", "\u0301", "👩‍👩‍👧‍👦", "🇩🇪",
        "\r\n", "\n\n\n", "   ", "\t", "\u00A0", "\u2028", "\u3000", "\u200B", "\uFEFF", "\uFFFD", "\uFFFF", "\0", "\u0085", "\u001C",
        "½", "Ⅷ", "𝒳𝟙", "ﷺ",
        " '", "' s", "Ġ", "İ", "ß", "\U0010FFFF", "\u202E", "日本", "مرحبا",
    ];

    public static string Create(int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        int parts = random.Next(1, 24);
        for (int i = 0; i < parts; i++)
        {
            switch (random.Next(6))
            {
                case 0: text.Append(Fragments[random.Next(Fragments.Length)]); break;
                case 1: text.Append(AnyRune(random, 0x110000)); break;
                case 2: text.Append(AnyRune(random, 0x10000)); break;
                case 3: text.Append(AnyRune(random, 0x80)); break;
                case 4: text.Append(' ', random.Next(4)); break;
                default: text.Append((char)random.Next('a', 'z' + 1), random.Next(1, 5)); break;
            }
        }

        return text.ToString();
    }

    private static string AnyRune(Random random, int limit)
    {
        while (true)
            if (Rune.TryCreate(random.Next(limit), out Rune rune)) return rune.ToString();
    }
}
