using Sharpformer.Editing.Methods.Wise;

namespace Sharpformer.Tests.Editing.Methods.Wise;

/// <summary>Merging by trimming, electing signs and averaging.</summary>
public sealed class TiesMergeTests
{
    [Fact]
    public void One_change_at_full_density_is_itself()
    {
        float[] change = [0.5f, -0.25f, 0, 3, -1e-7f];
        Assert.Equal(change, TiesMerge.Of([change], 1));
    }

    [Fact]
    public void Where_signs_differ_the_larger_sum_wins_and_those_that_agree_are_averaged()
    {
        float[] merged = TiesMerge.Of([[3, 1, -1, 0, 2], [-1, 2, -4, 5, 2], [-1, -4, 2, 0, 2]], 1);
        Assert.Equal([3, -4, -2.5f, 5, 2], merged);
        Assert.Equal([0f, 0], TiesMerge.Of([[1, 0], [-1, 0]], 1));
    }

    [Fact]
    public void Only_the_largest_of_each_change_count()
    {
        Assert.Equal([0f, -5, 4, 0], TiesMerge.Of([[1, -5, 4, 2]], 0.5));
        Assert.Equal([3f, -5, 4, 0], TiesMerge.Of([[1, -5, 4, 2], [3, -0.1f, 4, 0]], 0.5));
        Assert.Equal(new float[4], TiesMerge.Of([[1, -5, 4, 2]], 0));
    }
}
