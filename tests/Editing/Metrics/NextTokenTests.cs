using Sharpformer.Editing.Metrics;

namespace Sharpformer.Tests.Editing.Metrics;

/// <summary>What is said of one row of logits.</summary>
public sealed class NextTokenTests
{
    [Theory]
    [InlineData(1, new[] { 2 })]
    [InlineData(3, new[] { 2, 4, 0 })]
    [InlineData(9, new[] { 2, 4, 0, 3, 1 })]
    public void The_likeliest_come_first_and_of_equal_ones_the_first(int count, int[] expected) =>
        Assert.Equal(expected, NextToken.Top([1, -2, 7, 1, 3], count));

    [Fact]
    public void Numbers_that_are_none_still_give_as_many_tokens_as_were_asked_for() =>
        Assert.Equal(2, NextToken.Top([float.NaN, float.NaN, float.NaN], 2).Length);

    [Fact]
    public void A_rank_counts_those_that_are_larger()
    {
        Assert.Equal(1, NextToken.Rank([1, 3, 3], 1));
        Assert.Equal(1, NextToken.Rank([1, 3, 3], 2));
        Assert.Equal(3, NextToken.Rank([1, 3, 3], 0));
    }

    [Fact]
    public void A_divergence_is_that_of_the_probabilities()
    {
        float[] half = [5, 5], skewed = [MathF.Log(0.9f) - 100, MathF.Log(0.1f) - 100]; // a constant does not matter
        Assert.Equal((0.5 * Math.Log(0.5 / 0.9)) + (0.5 * Math.Log(0.5 / 0.1)), NextToken.Divergence(half, skewed), 1e-5);
        Assert.Equal((0.9 * Math.Log(0.9 / 0.5)) + (0.1 * Math.Log(0.1 / 0.5)), NextToken.Divergence(skewed, half), 1e-5);
        Assert.Equal(0, NextToken.Divergence(half, [7, 7]));
        Assert.True(NextToken.Divergence([300, -300], [-300, 300]) is > 599 and < 601);
        Assert.True(double.IsNaN(NextToken.Divergence(half, [float.NaN, 0])));
    }
}
