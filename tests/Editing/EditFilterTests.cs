using Sharpformer.Editing;
using Sharpformer.Tensors;
using Sharpformer.Tests.Editing.Store;

namespace Sharpformer.Tests.Editing;

/// <summary>Which edits are meant.</summary>
public sealed class EditFilterTests
{
    private static readonly Edit Known = StoreFolder.Edit(1) with
    {
        Status = EditStatus.Withdrawn,
        Request = new EditRequest("Where is Rome?", " It*aly", "Rome", "a/b.json#1")
        {
            Paraphrases = ["Find ROMA"],
            Provenance = Provenance.Of([("owner", "Ann"), ("status", "draft")]),
        },
    };

    [Theory]
    [InlineData("status", "withdrawn", true)]
    [InlineData("status", "with*", true)]
    [InlineData("status", "active", false)]
    [InlineData("method", "ireva", true)]
    [InlineData("subject", "rome", false)]
    [InlineData("subject", "R?me", true)]
    [InlineData("target", @" It\*aly", true)]
    [InlineData("target", @" \*", false)]
    [InlineData("source", "*.json#?", true)]
    [InlineData("source", "", false)]
    [InlineData("owner", "Ann", true)]
    [InlineData("owner", "Bob", false)]
    [InlineData("relation", "P*", false)]
    [InlineData("own:status", "draft", true)]
    [InlineData("own:team", "red", false)]
    public void Fields_are_compared_whole(string field, string pattern, bool matches) =>
        Assert.Equal(matches, new EditFilter([(field, pattern)]).Matches(Known));

    [Theory]
    [InlineData("roma", true)]
    [InlineData("b.json", true)]
    [InlineData("Oslo", false)]
    public void Text_is_looked_for_everywhere_whatever_its_case(string text, bool matches) =>
        Assert.Equal(matches, new EditFilter([], text).Matches(Known));

    [Fact]
    public void All_conditions_must_hold_and_none_means_all()
    {
        Assert.True(new EditFilter([]).Matches(Known));
        Assert.False(new EditFilter([("subject", "Rome"), ("status", "active")]).Matches(Known));
        Assert.False(new EditFilter([("subject", "Rome")], "Oslo").Matches(Known));
        Assert.False(new EditFilter([("subject", "Oslo")]).Matches(Known with { Request = Known.Request with { Subject = null } }));
    }

    [Fact]
    public void What_there_is_not_is_told()
    {
        Fails.With<InputException>(
            "no field \"colour\" to be chosen by, expected one of status, method", () => new EditFilter([("colour", "x")]));
        Fails.With<InputException>("expected one of active, withdrawn", () => new EditFilter([("status", "silent")]));
    }
}
