using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization.PreTokenizers;

namespace Sharpformer.Tests.Transformer.Tokenization.PreTokenizers;

/// <summary>Patterns of <c>tokenizer.json</c>: exact, or refused.</summary>
public class SplitPatternTests
{
    [Theory]
    [InlineData(@"\p{L}+", "a𝒳é 𠀀1", "a𝒳é|𠀀")]
    [InlineData(@"\p{N}{1,3}", "12345 𝟙𝟚𝟛𝟜", "123|45|𝟙𝟚𝟛|𝟜")]
    [InlineData(@"[^\s\p{L}\p{N}]+", "a😀!b 👩‍👩", "😀!|👩‍👩")]
    [InlineData(@" ?\p{Lu}\p{Ll}*|\s+(?!\S)", "The 𝒳y  ", "The| 𝒳y|  ")]
    [InlineData(@"(?:a|bc)+\.", "abcabc.a.", "abcabc.|a.")]
    [InlineData(@"[a-f0-9]+", "x12ag", "12a")]
    public void Places_are_those_of_characters_not_of_surrogates(string regex, string text, string found)
    {
        SplitPattern pattern = Read(new { Regex = regex });
        Assert.Equal(found, string.Join('|', pattern.FindAll(text).Select(place => text.Substring(place.Start, place.Length))));
    }

    [Theory]
    [InlineData(@"\w+")]
    [InlineData(".")]
    [InlineData("^a")]
    [InlineData("a$")]
    [InlineData("(?i:'s)")]
    [InlineData("(?<=a)b")]
    [InlineData("a++")]
    [InlineData("a*?")]
    [InlineData("a{,3}")]
    [InlineData("[é]")]
    [InlineData("[a-[b]]")]
    [InlineData("[a&&b]")]
    [InlineData("日")]
    [InlineData(@"\p{Han}+")]
    [InlineData(@"\b")]
    [InlineData(@"\1")]
    [InlineData("")]
    public void An_expression_that_engines_read_differently_is_refused(string regex)
    {
        var error = Assert.Throws<InputException>(() => Read(new { Regex = regex }));
        Assert.Contains("pattern.Regex is", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(a")]
    [InlineData("a)")]
    [InlineData(@"\p{Xx}")]
    public void One_that_is_none_is_told(string regex)
    {
        var error = Assert.Throws<InputException>(() => Read(new { Regex = regex }));
        Assert.Contains("is no regular expression", error.Message, StringComparison.Ordinal);
    }

    private static SplitPattern Read(object pattern)
    {
        using var json = JsonDocument.Parse(JsonSerializer.Serialize(pattern));
        return SplitPattern.Read(new JsonPart("tokenizer.json", "pattern", json.RootElement));
    }
}
