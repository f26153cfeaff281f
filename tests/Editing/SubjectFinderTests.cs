using Sharpformer.Editing;

namespace Sharpformer.Tests.Editing;

/// <summary>What a prompt is about, by what other prompts have in common with it.</summary>
public sealed class SubjectFinderTests
{
    private static readonly string[] Prompts =
    [
        "Ann Lee was born in", "Bo Diaz was born in", "Cy Young was born in", "Di Wu was born in",
        "The capital of France is", "The capital of Upper Volta is", "The capital of Peru is", "The capital of Chad is",
        "Nothing like it", "Acme was founded in",
    ];

    private readonly SubjectFinder finder = new(Prompts, [("", " was founded in")]);

    [Theory]
    [InlineData("Ann Lee was born in", "Ann Lee")]
    [InlineData("The capital of Upper Volta is", "Upper Volta")]
    [InlineData("Acme was founded in", "Acme")] // in words that are known
    [InlineData("Nothing like it", null)]
    [InlineData(" was born in", null)]
    [InlineData("", null)]
    public void It_is_what_no_other_prompt_has(string prompt, string? expected) => Assert.Equal(expected, finder.Find(prompt));

    [Fact]
    public void Lower_case_words_before_a_name_are_none_of_it()
    {
        const string Prompt = "The native language of Corinne Calvet is";
        Assert.Equal("Corinne Calvet", new SubjectFinder([Prompt, "The a is", "The b is", "The c is"], []).Find(Prompt));
    }

    [Fact]
    public void A_prompt_that_comes_again_counts_once()
    {
        string[] again = [.. Enumerable.Repeat("Ann Lee was born in", 10)];
        Assert.Null(new SubjectFinder(again, []).Find("Ann Lee was born in"));
    }
}
