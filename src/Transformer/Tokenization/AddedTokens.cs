using System.Buffers;
using System.Globalization;
using System.Text;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// Finds added tokens in a text: from left to right, of those that begin at the same place the longest. Tokens marked
/// <c>normalized</c> are looked for in a second round, in what the first leaves; that also decides what
/// <c>single_word</c> sees beside a token, and how far <c>lstrip</c> and <c>rstrip</c> reach. This is what Hugging Face's
/// tokenizers 0.23 does.
/// </summary>
internal sealed class AddedTokens
{
    private readonly Round first, second;

    public AddedTokens(IReadOnlyList<AddedToken> tokens)
    {
        first = new Round([.. tokens.Where(token => !token.Normalized)]);
        second = new Round([.. tokens.Where(token => token.Normalized)]);
    }

    /// <summary>
    /// The text in parts, none empty: a token where <c>Token</c> is given, else a text without any. White space
    /// that tokens strip is in no part.
    /// </summary>
    public IEnumerable<(AddedToken? Token, string Text)> Split(string text) =>
        first.Split(text).SelectMany(part => part.Token is null ? second.Split(part.Text) : [part]);

    private sealed class Round
    {
        private readonly AddedToken[] longestFirst;
        private readonly SearchValues<string> texts;

        public Round(AddedToken[] tokens)
        {
            longestFirst = [.. tokens.OrderByDescending(token => token.Text.Length)];
            texts = SearchValues.Create([.. tokens.Select(token => token.Text)], StringComparison.Ordinal);
        }

        public List<(AddedToken? Token, string Text)> Split(string text)
        {
            var parts = new List<(AddedToken?, string)>();
            int done = 0; // Before it, all is in a part or stripped.
            int from = 0; // From here on the next token is looked for: behind the last one found, whatever that strips.
            while (longestFirst.Length > 0 && text.AsSpan(from).IndexOfAny(texts) is >= 0 and int offset)
            {
                int start = from + offset;
                AddedToken token = longestFirst.First(t => text.AsSpan(start).StartsWith(t.Text, StringComparison.Ordinal));
                int end = from = start + token.Text.Length;
                if (token.SingleWord && (EndsWithWord(text.AsSpan(0, start)) || StartsWithWord(text.AsSpan(end)))) continue;
                if (token.StripsLeft) start = text.AsSpan(0, start).TrimEnd().Length;
                if (token.StripsRight) end = text.Length - text.AsSpan(end).TrimStart().Length;
                if (start > done) parts.Add((null, text[done..start]));
                parts.Add((token, token.Text));
                done = end;
            }

            if (done < text.Length) parts.Add((null, text[done..]));
            return parts;
        }
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out Rune last, out _) == OperationStatus.Done && IsWord(last);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out Rune first, out _) == OperationStatus.Done && IsWord(first);

    /// <summary><c>\w</c> of Unicode's regular expressions (UTS #18): alphabetic, marks, decimal digits, connectors, joiners.</summary>
    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.LetterNumber => true, // Letters, marks, decimal digits, letter-like numbers.
        UnicodeCategory.ConnectorPunctuation => true,
        // The joiners, and letters in circles and squares.
        _ => rune.Value is 0x200C or 0x200D
            or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
    };
}
