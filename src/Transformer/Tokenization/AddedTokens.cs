using System.Buffers;
using System.Globalization;
using System.Text;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// Finds added tokens in a text: from left to right, of those that begin at the same place the longest. Tokens marked
/// <c>normalized</c> are looked for in a second round, in what the first leaves, once that is normalised, by their normalised text; the
/// two rounds also decide what <c>single_word</c> sees beside a token, and how far <c>lstrip</c> and <c>rstrip</c> reach. This is what
/// Hugging Face's tokenizers 0.23 does. The time is linear in the text.
/// </summary>
internal sealed class AddedTokens
{
    private readonly Round first, second;
    private readonly Func<string, bool, string>? normalize;

    /// <summary>Prepares a set of tokens.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="normalize">What is done to all text but tokens that are not <c>normalized</c>, and told whether the whole text
    /// begins with it; null for nothing.</param>
    public AddedTokens(IReadOnlyList<AddedToken> tokens, Func<string, bool, string>? normalize = null)
    {
        this.normalize = normalize;
        first = new Round(tokens.Where(token => !token.Normalized), text => text);
        second = new Round(tokens.Where(token => token.Normalized), text => normalize?.Invoke(text, false) ?? text);
    }

    /// <summary>
    /// The text in parts, none empty: a token where <c>Token</c> is given, else a normalised text without any, and whether the whole text
    /// begins with it. White space that tokens strip is in no part.
    /// </summary>
    public IEnumerable<(AddedToken? Token, string Text, bool IsFirst)> Split(string text)
    {
        foreach ((AddedToken? token, string part, bool isFirst) in first.Split(text))
        {
            if (token is not null) yield return (token, part, isFirst);
            else
                foreach ((AddedToken? Token, string, bool IsFirst) inner in second.Split(normalize?.Invoke(part, isFirst) ?? part))
                    yield return inner with { IsFirst = inner.IsFirst && isFirst };
        }
    }

    private sealed class Round
    {
        private readonly Dictionary<string, AddedToken> tokens = [];
        private readonly TextFinder finder;

        public Round(IEnumerable<AddedToken> tokens, Func<string, string> textOf)
        {
            foreach (AddedToken token in tokens) this.tokens.TryAdd(textOf(token.Text), token);
            finder = new TextFinder(this.tokens.Keys);
        }

        public List<(AddedToken? Token, string Text, bool IsFirst)> Split(string text)
        {
            var parts = new List<(AddedToken?, string, bool)>();
            int done = 0; // Before it, all is in a part or stripped.
            int white = 0; // Up to here, all behind the last token that strips what follows is white space.
            foreach ((int at, int length) in finder.FindAll(text))
            {
                AddedToken token = tokens[text.Substring(at, length)];
                (int start, int end) = (at, at + length);
                if (token.SingleWord && (EndsWithWord(text.AsSpan(0, start)) || StartsWithWord(text.AsSpan(end)))) continue;
                if (token.StripsLeft && start > done) start = done + text.AsSpan(done, start - done).TrimEnd().Length;
                if (token.StripsRight)
                {
                    if (end >= white) white = text.Length - text.AsSpan(end).TrimStart().Length;
                    end = white;
                }

                if (start > done) parts.Add((null, text[done..start], done == 0));
                parts.Add((token, token.Text, start == 0));
                done = end;
            }

            if (done < text.Length) parts.Add((null, text[done..], done == 0));
            return parts;
        }
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out Rune last, out _) == OperationStatus.Done && IsWord(last);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out Rune first, out _) == OperationStatus.Done && IsWord(first);

    /// <summary><c>\w</c> of Unicode's regular expressions (UTS #18): alphabetic, marks, decimal digits, connectors, joiners.</summary>
    internal static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.LetterNumber => true, // Letters, marks, decimal digits, letter-like numbers.
        UnicodeCategory.ConnectorPunctuation => true,
        // The joiners, and letters in circles and squares.
        _ => rune.Value is 0x200C or 0x200D
            or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
    };
}
