using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Tensors;

public class VisibleTextTests
{
    [Theory]
    [InlineData("\u001b[31m", "\\u001B[31m")] // C0
    [InlineData("\u009b31m", "\\u009B31m")] // C1
    [InlineData("a\u007f", "a\\u007F")]
    [InlineData("a\rb", "a\\u000Db")]
    [InlineData("\u202Etxt.exe\u2069", "\\u202Etxt.exe\\u2069")] // bidi
    [InlineData("a\u2028b\u2029c", "a\\u2028b\\u2029c")]
    [InlineData("a\u200Bb\u200Dc\uFEFFd\u00ADe", "a\\u200Bb\\u200Dc\\uFEFFd\\u00ADe")] // of no width
    [InlineData("a\u3164b\u034Fc\u115F", "a\\u3164b\\u034Fc\\u115F")] // not seen though no format characters
    [InlineData("a\U000E0041\U000E0101b", "a\\U000E0041\\U000E0101b")] // tags and variation selectors
    public void What_is_not_seen_or_commands_is_escaped(string text, string expected)
    {
        Assert.Equal(expected, VisibleText.OneLine(text));
        Assert.Equal(expected, VisibleText.Lines(text));
        Assert.Equal(text, JsonSerializer.Deserialize<string>(VisibleText.InJson($"\"{text}\"")));
        Assert.DoesNotContain(VisibleText.InJson($"\"{text}\""), c => !char.IsAscii(c) || char.IsControl(c));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_escaped()
    {
        Assert.Equal("a\\uD83Db", VisibleText.Lines("a\uD83Db"));
        Assert.Equal("\\uDE00\\uD83D", VisibleText.OneLine("\uDE00\uD83D"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain \\ \"text\" ~")]
    [InlineData("Ménage à Troi, 功夫, 異世界は, العربية ١٢, ខ្មែរ, हिन्दी, 😀❤\uFE0F, 𝒳, e\u0301, ─│╭, \u00A0\u3000.")]
    [InlineData("\u0600١٢")]
    public void All_else_stays_as_it_is(string text)
    {
        Assert.Same(text, VisibleText.OneLine(text));
        Assert.Same(text, VisibleText.Lines(text));
        Assert.Same(text, VisibleText.InJson(text));
    }

    [Fact]
    public void Lines_keep_their_ends_and_tabs()
    {
        Assert.Equal("a\\nb\\u0009c", VisibleText.OneLine("a\nb\tc"));
        Assert.Equal("a\nb\tc", VisibleText.Lines("a\nb\tc"));
        Assert.Equal("{\n\t\"a\":1}", VisibleText.InJson("{\n\t\"a\":1}"));
    }

    [Fact]
    public void Quoted_texts_are_on_one_line_and_not_cut_within_a_character()
    {
        Assert.Equal("\"a\\u202Eb\\n\"", Quoted.Text("a\u202Eb\n"));
        Assert.Equal("\"😀 é\\\\ \\\"b\\\"\\t\\uD83D\"", Quoted.Text("😀 é\\ \"b\"\t\uD83D"));
        string text = new string('x', 99) + "😀y";
        Assert.Equal(new string('x', 99) + "…", Quoted.Bare(text));
    }
}
