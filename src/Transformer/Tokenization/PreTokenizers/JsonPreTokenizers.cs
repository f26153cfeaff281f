using System.Text;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Json;

namespace Sharpformer.Transformer.Tokenization.PreTokenizers;

/// <summary>Reads the steps of <c>pre_tokenizer</c> in <c>tokenizer.json</c> by their type.</summary>
internal static class JsonPreTokenizers
{
    private static readonly string[] Known =
    [
        "BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "Metaspace", "Punctuation", "Split", "Whitespace",
        "WhitespaceSplit",
    ];

    /// <summary>Reads one step.</summary>
    /// <exception cref="InputException">It is of another type, or has an option that would give other ids.</exception>
    public static PreTokenizer Read(JsonPart step)
    {
        switch (step.Type)
        {
            case "BertPreTokenizer":
                step.RefuseOthers("type");
                return Bert;
            case "ByteLevel":
                step.RefuseOthers("type", "add_prefix_space", "trim_offsets", "use_regex");
                return ByteLevel(step.Flag("add_prefix_space", true), step.Flag("use_regex", true));
            case "CharDelimiterSplit":
                step.RefuseOthers("type", "delimiter");
                Rune delimiter = Character(step.Need("delimiter"));
                return piece => Splits.At(piece, rune => rune == delimiter, SplitBehavior.Removed);
            case "Digits":
                step.RefuseOthers("type", "individual_digits");
                SplitBehavior digits = step.Flag("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous;
                return piece => Splits.At(piece, Rune.IsNumber, digits);
            case "Metaspace":
                return Metaspace(step);
            case "Punctuation":
                step.RefuseOthers("type", "behavior");
                SplitBehavior punctuation = Behavior(step, SplitBehavior.Isolated);
                return piece => Splits.At(piece, IsPunctuation, punctuation);
            case "Split":
                step.RefuseOthers("type", "pattern", "behavior", "invert");
                SplitPattern pattern = SplitPattern.Read(step.Need("pattern"));
                (SplitBehavior behavior, bool inverts) = (Behavior(step, null), step.Flag("invert", false));
                return piece => Splits.At(piece, pattern.FindAll(piece.Text), behavior, inverts);
            case "Whitespace":
                step.RefuseOthers("type");
                return Words;
            case "WhitespaceSplit":
                step.RefuseOthers("type");
                return piece => Splits.At(piece, Rune.IsWhiteSpace, SplitBehavior.Removed);
            default:
                throw step.UnknownStep(Known);
        }
    }

    /// <summary>A blank in front where it is asked for and there is none, and GPT-2's pattern.</summary>
    public static PreTokenizer ByteLevel(bool addsPrefixSpace, bool usesPattern) => piece =>
    {
        if (addsPrefixSpace && !piece.Continues && piece.Text[0] != ' ') piece = piece with { Text = " " + piece.Text };
        return usesPattern ? Gpt2Pieces(piece) : [piece];
    };

    /// <summary>BERT's words: what white space separates, and each punctuation mark.</summary>
    public static IEnumerable<Piece> Bert(Piece piece) =>
        Splits.At(piece, Rune.IsWhiteSpace, SplitBehavior.Removed)
            .SelectMany(word => Splits.At(word, IsPunctuation, SplitBehavior.Isolated));

    private static IEnumerable<Piece> Gpt2Pieces(Piece piece)
    {
        for (int at = 0, length; at < piece.Text.Length; at += length)
        {
            length = Gpt2Pattern.PieceLength(piece.Text.AsSpan(at));
            yield return piece.Part(at, length);
        }
    }

    /// <summary>Runs of word characters, and runs of others that are no white space.</summary>
    private static IEnumerable<Piece> Words(Piece piece) =>
        Splits.At(piece, Rune.IsWhiteSpace, SplitBehavior.Removed)
            .SelectMany(part => Splits.At(part, AddedTokens.IsWord, SplitBehavior.Contiguous));

    private static bool IsPunctuation(Rune rune) =>
        rune.IsAscii ? rune.Value is > 32 and < 127 && !Rune.IsLetterOrDigit(rune) : Rune.IsPunctuation(rune);

    private static PreTokenizer Metaspace(JsonPart step)
    {
        step.RefuseOthers("type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep");
        string blank = Character(step.Need("replacement")).ToString();
        string scheme = step.Text("prepend_scheme") ?? (step.Flag("add_prefix_space", true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never"))
            throw step.Need("prepend_scheme").Unexpected("\"always\", \"first\" or \"never\"");
        bool splits = step.Flag("split", true);
        return piece =>
        {
            string text = piece.Text.Replace(" ", blank, StringComparison.Ordinal);
            bool prepends = !piece.Continues && (scheme == "always" || (scheme == "first" && piece.IsFirst));
            if (prepends && !text.StartsWith(blank, StringComparison.Ordinal)) text = blank + text;
            piece = piece with { Text = text };
            return splits ? Splits.At(piece, rune => blank == rune.ToString(), SplitBehavior.MergedWithNext) : [piece];
        };
    }

    private static Rune Character(JsonPart part) =>
        part.AsText() is { Length: > 0 } text && Rune.TryGetRuneAt(text, 0, out Rune rune) && rune.Utf16SequenceLength == text.Length
            ? rune
            : throw part.Unexpected("one character");

    private static SplitBehavior Behavior(JsonPart step, SplitBehavior? otherwise)
    {
        if (step.Find("behavior") is not { } behavior) return otherwise ?? throw new InputException($"{step.Where} has no \"behavior\".");
        return Enum.TryParse(behavior.AsText(), out SplitBehavior known) && Enum.GetName(known) == behavior.AsText()
            ? known
            : throw behavior.Unexpected(string.Join(", ", Enum.GetNames<SplitBehavior>()));
    }
}
