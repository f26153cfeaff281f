using Sharpformer.Editing;

namespace Sharpformer.Tests.Editing;

/// <summary>What a list says again.</summary>
public sealed class TokenizedRequestTests
{
    [Fact]
    public void What_a_list_says_again_is_told_from_a_statement_that_changes_back()
    {
        TokenizedRequest[] list = [Fact("a", 1, 9), Fact("a ", 1, 9), Fact("b", 2, 9), Fact("a", 1, 8), Fact("a", 1, 9), Fact("a", 1, 9)];
        (IReadOnlyList<TokenizedRequest> once, IReadOnlyList<TokenizedRequest> again) = TokenizedRequest.Split(list);
        Assert.Equal([list[0], list[2], list[3], list[4]], once);
        Assert.Equal([list[1], list[5]], again);
    }

    private static TokenizedRequest Fact(string prompt, int token, int target) =>
        new(new EditRequest(prompt, "x"), new EditTokens([token], [target]), []);
}
