using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Sharpformer.Tests.Transformer.Tokenization;

/// <summary>
/// A second encoder, as slow and plain as its definition: join the pair with the lowest rank until none is left.
/// It cuts text by code points with its own reading of GPT-2's pattern.
/// </summary>
internal sealed class ReferenceBpe
{
    private readonly Dictionary<string, int> ids;
    private readonly Dictionary<(string, string), int> ranks = [];
    private readonly string[] symbols = new string[256];

    public ReferenceBpe(string folder)
    {
        ids = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(Path.Combine(folder, "vocab.json")))!;
        foreach (string line in File.ReadLines(Path.Combine(folder, "merges.txt")).Skip(1))
            if (line.Split(' ') is [var left, var right]) ranks.Add((left, right), ranks.Count);
        int shifted = 256;
        for (int b = 0; b < 256; b++)
        {
            bool shown = b is > 32 and < 127 or > 160 and not 173;
            symbols[b] = ((char)(shown ? b : shifted++)).ToString();
        }
    }

    public int[] Encode(string text)
    {
        var result = new List<int>();
        string[] documents = text.Split("<|endoftext|>");
        for (int d = 0; d < documents.Length; d++)
        {
            if (d > 0) result.Add(ids["<|endoftext|>"]);
            foreach (string piece in Cut([.. documents[d].EnumerateRunes()])) result.AddRange(Merge(piece));
        }

        return [.. result];
    }

    private IEnumerable<int> Merge(string piece)
    {
        List<string> parts = [.. Encoding.UTF8.GetBytes(piece).Select(b => symbols[b])];
        while (parts.Count > 1)
        {
            var best = Enumerable.Range(0, parts.Count - 1).Select(i => (parts[i], parts[i + 1]))
                .MinBy(pair => ranks.GetValueOrDefault(pair, int.MaxValue));
            if (!ranks.ContainsKey(best)) break;
            for (int i = 0; i < parts.Count - 1; i++)
            {
                if ((parts[i], parts[i + 1]) != best) continue;
                parts[i] += parts[i + 1];
                parts.RemoveAt(i + 1);
            }
        }

        return parts.Select(part => ids[part]);
    }

    // Each code point becomes one letter of a class alphabet, on which the pattern is plain ASCII.
    private static IEnumerable<string> Cut(Rune[] runes)
    {
        string classes = string.Concat(runes.Select(rune => rune.Value switch
        {
            ' ' => ' ',
            '\'' => '\'',
            's' or 't' or 'r' or 'e' or 'v' or 'm' or 'l' or 'd' => (char)rune.Value,
            _ when Rune.IsWhiteSpace(rune) => '_',
            _ when Rune.IsLetter(rune) => 'L',
            _ when Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => 'N',
            _ => '.',
        }));
        const string Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?[strevmldL]+| ?N+| ?['.]+|[ _]+(?![^ _])|[ _]+";
        foreach (System.Text.RegularExpressions.Match match in System.Text.RegularExpressions.Regex.Matches(classes, Pattern))
            yield return string.Concat(runes.Skip(match.Index).Take(match.Length));
    }
}
