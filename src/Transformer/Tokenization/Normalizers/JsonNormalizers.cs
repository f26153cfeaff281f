using System.Globalization;
using System.Text;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Json;
using Sharpformer.Transformer.Tokenization.PreTokenizers;

namespace Sharpformer.Transformer.Tokenization.Normalizers;

/// <summary>Changes a text before it is cut.</summary>
/// <param name="text">The text, without half surrogate pairs.</param>
/// <param name="continues">Whether another text stands directly before it, so that nothing may be put in front.</param>
internal delegate string Normalizer(string text, bool continues);

/// <summary>Reads the steps of <c>normalizer</c> in <c>tokenizer.json</c> by their type.</summary>
internal static class JsonNormalizers
{
    private static readonly string[] Known =
    [
        "BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Prepend", "Replace", "Strip", "StripAccents",
    ];

    // What a step may make of a text: markup for a blank takes some seven characters, and nothing published takes more.
    private const int MostGrowth = 16, MostAdded = 1 << 16;

    /// <summary>Reads one step.</summary>
    /// <exception cref="InputException">It is of another type, or has an option that would give other ids.</exception>
    public static Normalizer Read(JsonPart step)
    {
        switch (step.Type)
        {
            case "BertNormalizer":
                step.RefuseOthers("type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase");
                bool lowers = step.Flag("lowercase", true);
                var bert = new BertNormalizer(
                    step.Flag("clean_text", true), step.Flag("handle_chinese_chars", true), step.Flag("strip_accents", lowers), lowers);
                return (text, _) => bert.Normalize(text);
            case "Precompiled":
                step.RefuseOthers("type", "precompiled_charsmap");
                JsonPart map = step.Need("precompiled_charsmap");
                var charsmap = new Charsmap(
                    map.Where, map.AsText() is var base64 && map.Value.TryGetBytesFromBase64(out byte[]? bytes)
                        ? bytes
                        : throw map.Unexpected("bytes in base64"));
                return (text, _) => charsmap.ReplaceElements(text);
            case "Prepend":
                step.RefuseOthers("type", "prepend");
                string front = step.Need("prepend").AsText();
                return (text, continues) => continues || text.Length == 0 ? text : front + text;
            case "Replace":
                step.RefuseOthers("type", "pattern", "content");
                SplitPattern pattern = SplitPattern.Read(step.Need("pattern"));
                string content = step.Need("content").AsText();
                return (text, _) => Replace(step.Where, text, pattern, content);
            case "Strip":
                step.RefuseOthers("type", "strip_left", "strip_right");
                (bool left, bool right) = (step.Flag("strip_left", true), step.Flag("strip_right", true));
                return (text, continues) => Strip(text, left && !continues, right);
            default:
                if (Plain(step.Type) is not { } plain) throw step.UnknownStep(Known);
                step.RefuseOthers("type");
                return (text, _) => plain(text);
        }
    }

    /// <summary>Steps without options.</summary>
    private static Func<string, string>? Plain(string? type) => type switch
    {
        "NFC" => text => UnicodeForm.Normalize(text, NormalizationForm.FormC),
        "NFD" => text => UnicodeForm.Normalize(text, NormalizationForm.FormD),
        "NFKC" => text => UnicodeForm.Normalize(text, NormalizationForm.FormKC),
        "NFKD" => text => UnicodeForm.Normalize(text, NormalizationForm.FormKD),
        "Lowercase" => Letters.Lower,
        "StripAccents" => text => Letters.Without(text, rune => Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark),
        "Nmt" => Nmt,
        _ => null,
    };

    private static string Replace(string where, string text, SplitPattern pattern, string content)
    {
        List<(int Start, int Length)> found = pattern.FindAll(text);
        if (found.Count == 0) return text;
        long grown = text.Length + found.Sum(match => (long)content.Length - match.Length);
        if (grown > MostGrowth * (long)text.Length + MostAdded)
            throw new InputException(
                FormattableString.Invariant($"{where} makes a text of {text.Length:N0} characters {grown:N0} long, ")
                    + FormattableString.Invariant($"expected at most {MostGrowth} times as long, and {MostAdded:N0} more."),
                "is the file damaged? No tokenizer needs that.");
        var replaced = new StringBuilder(text.Length);
        int done = 0;
        foreach ((int start, int length) in found)
        {
            replaced.Append(text, done, start - done).Append(content);
            done = start + length;
        }

        return replaced.Append(text, done, text.Length - done).ToString();
    }

    private static string Strip(string text, bool left, bool right)
    {
        if (left) text = text.TrimStart();
        return right ? text.TrimEnd() : text;
    }

    /// <summary>What sentencepiece's rules for translation do: some controls are left out, and what looks like a blank is one.</summary>
    private static string Nmt(string text)
    {
        var normal = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (c is (>= '\u0001' and <= '\u0008') or '\u000B' or (>= '\u000E' and <= '\u001F') or '\u007F' or '\u008F'
                or '\u009F') continue;
            bool isBlank = c is '\t' or '\n' or '\f' or '\r' or '\u1680' or (>= '\u200B' and <= '\u200F') or '\u2028' or '\u2029'
                or '\u2581' or '\uFEFF' or '\uFFFD';
            normal.Append(isBlank ? ' ' : c);
        }

        return normal.ToString();
    }
}
