using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Tokenization;

public class TextFinderTests
{
    [Fact]
    public void It_finds_what_looking_at_every_place_finds()
    {
        int found = 0;
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            string[] texts = [.. Enumerable.Range(0, random.Next(8)).Select(_ => Letters(random, random.Next(6)))];
            string text = Letters(random, random.Next(60));
            List<(int, int)> expected = Naive(texts, text);
            Assert.Equal(expected, new TextFinder(texts).FindAll(text));
            found += expected.Count;
        }

        Assert.True(found > 10_000);
    }

    [Fact]
    public void Two_thousand_texts_that_begin_alike_and_all_but_stand_everywhere_are_no_trouble()
    {
        // Looking at each place for each text, or at each place as far as texts reach, would take hours.
        string[] texts = [.. Enumerable.Range(1, 2000).Select(length => new string('a', length) + "b")];
        var finder = new TextFinder([.. texts, new string('a', 10_000) + "c"]);
        string text = new('a', 400_000);
        Assert.Empty(finder.FindAll(text));
        Assert.Equal([(390_000, 10_001)], finder.FindAll(text + "c"));
        Assert.Equal([(398_000, 2001)], finder.FindAll(text + "bca"));
    }

    [Fact]
    public void Tokens_that_strip_long_white_space_are_no_trouble()
    {
        AddedToken[] tokens =
        [
            new("f", 1, " ") { StripsLeft = true, StripsRight = true }, new("f", 2, "\t") { StripsLeft = true }, new("f", 3, "x"),
        ];
        var added = new AddedTokens(tokens);
        string text = "x" + new string(' ', 200_000) + new string('\t', 200_000) + "x";
        Assert.Equal(400_002, added.Split(text).Count());
    }

    private static List<(int, int)> Naive(string[] texts, string text)
    {
        var found = new List<(int, int)>();
        for (int i = 0; i < text.Length;)
        {
            int length = texts.Where(t => text.AsSpan(i).StartsWith(t, StringComparison.Ordinal))
                .Select(t => t.Length).DefaultIfEmpty(0).Max();
            if (length > 0) found.Add((i, length));
            i += Math.Max(1, length);
        }

        return found;
    }

    private static string Letters(Random random, int length) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => "abc"[random.Next(3)]));
}
