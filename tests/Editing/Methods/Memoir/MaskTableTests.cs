using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Memoir;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Methods.Memoir;

/// <summary>Masks and how they are compared.</summary>
public sealed class MaskTableTests
{
    private const int Width = 200;

    [Fact]
    public void A_mask_has_exactly_k_rows_of_the_largest_elements()
    {
        var hash = new TopHash(Width, 30, seed: 5);
        float[] feature = Feature(1);
        int[] rows = hash.Rows(feature);
        Assert.Equal(30, rows.Distinct().Count());
        Assert.Equal(rows.Order(), rows);
        Assert.All(rows, row => Assert.InRange(row, 0, Width - 1));
        Assert.Equal(rows, hash.Rows([.. feature.Select(x => -3 * x)])); // by size alone
        Assert.Equal(rows, new TopHash(Width, 30, seed: 5).Rows(feature));
        Assert.NotEqual(rows, new TopHash(Width, 30, seed: 6).Rows(feature));
        Assert.Equal(Enumerable.Range(0, Width), new TopHash(Width, Width, seed: 5).Rows(feature));

        // An element that is larger than the rest decides about one row, and about no other.
        int smallest = Array.IndexOf(feature, feature.MinBy(MathF.Abs));
        feature[smallest] = 100;
        Assert.Equal(29, rows.Intersect(hash.Rows(feature)).Count());
    }

    [Fact]
    public void Of_equal_elements_the_first_count()
    {
        var hash = new TopHash(8, 3, seed: 0);
        Assert.Equal(hash.Rows([3, 2, 1, 0, 0, 0, 0, 0]), hash.Rows(new float[8]));
    }

    [Theory]
    [InlineData(10, 0.4f, 4)]
    [InlineData(293, 0.4f, 118)]
    [InlineData(7, 1f, 7)]
    [InlineData(10, 0.05f, 1)]
    public void A_threshold_is_reached_by_its_share_and_by_no_row_less(int k, float overlap, int needed)
    {
        var table = new MaskTable(2 * k, new EditMask(9, 77, [.. Enumerable.Range(0, k)], overlap));
        Firing[] firings = table.Fire([Sharing(needed), Sharing(needed - 1)]);
        Assert.Equal(FiringState.Answers, firings[0].State);
        Assert.Equal(FiringState.Below, firings[1].State);
        Assert.Equal((9, 77, 1f, 0f), (firings[0].Edit, firings[0].Token, firings[0].Strength, firings[1].Strength));
        Assert.Equal((float)needed / k, firings[0].Score, 1e-6);

        int[] Sharing(int rows) => [.. Enumerable.Range(0, k).Select(i => i < rows ? i : k + i)];
    }

    [Fact]
    public void The_nearest_decides_of_equals_the_older_and_one_taken_as_withdrawn_gives_way()
    {
        EditMask first = new(1, 11, [0, 1, 2, 3], 0.5f), second = new(2, 12, [0, 1, 2, 4], 0.5f), third = new(3, 13, [7, 8, 9, 10], 0.5f);
        MaskTable table = new MaskTable(Width, first).With(new MaskTable(Width, second, third));
        int[] both = [0, 1, 2, 100], other = [0, 1, 2, 4];
        Assert.Equal([1L, 2L], table.Fire([both, other]).Select(firing => firing.Edit));
        Assert.Equal([2L, 1L], table.Fire([both, other], [1, 2]).Select(firing => firing.Edit));
        Assert.Equal([2L, 1L, 3L], table.Nearest(other).Select(firing => firing.Edit));
        Assert.True(table.Holds(3) && !table.Holds(4));
        Assert.Equal(FiringState.None, new MaskTable(Width).Fire([both])[0].State);
    }

    private static float[] Feature(ulong seed)
    {
        var rng = new Rng(seed);
        return [.. Enumerable.Range(0, Width).Select(_ => (float)rng.NextNormal())];
    }
}
