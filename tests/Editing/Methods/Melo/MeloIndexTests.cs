using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Melo;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Methods.Melo;

/// <summary>MELO's index, with keys on a line so that distances are plain to see; a cluster begins with a radius of 3.</summary>
public sealed class MeloIndexTests : MethodTests
{
    private static readonly int[] Paris = [5], Rome = [9], SumOfParis = [2, 3];

    [Fact]
    public void Beyond_both_radii_there_is_a_new_cluster()
    {
        MeloIndex index = Index(false, Point(1, 0, Paris), Point(2, 6.5f, Paris));
        Assert.Equal([(0f, 3f), (6.5f, 3f)], Places(index));
    }

    [Fact]
    public void What_wants_the_same_said_joins_and_the_cluster_widens_around_its_mean()
    {
        MeloIndex index = Index(false, Point(1, 0, Paris), Point(2, 2, Paris), Point(3, 7, Paris));
        Assert.Equal([(3f, 4f)], Places(index));
        Assert.Equal([1L, 2L, 3L], index.Clusters[0].Points.Select(point => point.Edit));
        Assert.Equal([(1f, 3f)], Places(Index(false, Point(1, 0, Paris), Point(2, 2, Paris)))); // no narrower than at first
    }

    [Fact]
    public void What_wants_something_else_splits_the_distance()
    {
        MeloIndex index = Index(false, Point(1, 0, Paris), Point(2, 4, Rome));
        Assert.Equal([(0f, 2 - 1e-5f), (4f, 2 + 1e-5f)], Places(index));
    }

    [Fact]
    public void A_split_widens_nothing_unless_as_published()
    {
        MeloPoint[] points = [Point(1, 0, Paris), Point(2, 4, Rome), Point(3, 9, Paris)];
        Assert.Equal(2 + 1e-5f, Index(false, points).Clusters[1].Radius);
        Assert.Equal(2.5f - 1e-5f, Index(true, points).Clusters[1].Radius);
    }

    [Fact]
    public void Targets_are_alike_token_by_token_and_as_published_by_their_sums()
    {
        MeloPoint[] points = [Point(1, 0, Paris), Point(2, 2, SumOfParis)];
        Assert.Equal(2, Index(false, points).Clusters.Count);
        Assert.Single(Index(true, points).Clusters);
    }

    [Fact]
    public void Points_that_a_split_leaves_outside_are_forgotten_only_as_published()
    {
        MeloPoint[] points = [Point(1, 0, Paris), Point(2, 5, Paris), Point(3, 4.5f, Rome)]; // the third splits 2.5 from 0 and 5
        MeloIndex published = Index(true, points), mended = Index(false, points);
        Assert.Equal([3L], Edits(published));
        Assert.Equal([1L, 2L, 3L], Edits(mended).Order());
        Assert.Equal(
            [(4.5f, 1 + 1e-5f), (0f, 2.25f), (5f, 0.25f)], Places(mended)); // half the way to what wants something else
        MeloRouter router = Router(false, points);
        Assert.Equal([1L, 2L, 3L], router.Fire(At([0, 5, 4.5f]), default!).Select(firing => firing.Adds ? firing.Edit : 0));

        static IEnumerable<long> Edits(MeloIndex index) => index.Clusters.SelectMany(cluster => cluster.Points).Select(point => point.Edit);
    }

    [Fact]
    public void The_nearest_point_of_a_cluster_answers_within_its_radius_and_none_does_beyond()
    {
        MeloRouter router = Router(false, Point(1, 0, Paris), Point(2, 2, Paris), Point(3, 20, Rome));
        Firing[] firings = router.Fire(At([-1.9f, 0.9f, 1.1f, 3.9f, 4.1f, 18]), default!);
        Assert.Equal([1L, 1L, 2L, 2L, 2L, 3L], firings.Select(firing => firing.Edit));
        Assert.Equal([true, true, true, true, false, true], firings.Select(firing => firing.Adds));
        Assert.Equal([5, 5, 5, 5, 5, 9], firings.Select(firing => firing.Token));
    }

    [Fact]
    public void Of_two_clusters_the_nearest_that_reaches_a_prompt_answers_and_as_published_the_nearest_or_none()
    {
        // The first reaches 4 around 3; the second stands at 10.5, and a third has narrowed it to 1.5.
        MeloPoint[] points = [Point(1, 0, Paris), Point(2, 2, Paris), Point(3, 7, Paris), Point(4, 10.5f, Rome), Point(5, 13.5f, Paris)];
        Assert.Equal([(3f, 4f), (10.5f, 1.5f - 1e-5f), (13.5f, 1.5f + 1e-5f)], Places(Index(false, points)));
        Firing mended = Router(false, points).Fire(At([6.9f]), default!)[0], published = Router(true, points).Fire(At([6.9f]), default!)[0];
        Assert.Equal((3L, true), (mended.Edit, mended.Adds));
        Assert.Equal((4L, false), (published.Edit, published.Adds));
    }

    [Fact]
    public void A_row_whose_edit_is_taken_as_withdrawn_sees_the_index_without_it()
    {
        MeloPoint[] points = [.. Enumerable.Range(0, 12).Select(i => Point(i + 1, i * i % 29 * 0.7f, i % 3 == 0 ? Paris : Rome))];
        float[] places = [.. Enumerable.Range(0, 60).Select(i => i * 0.4f - 1)];
        foreach (bool asPublished in (bool[])[false, true])
        {
            for (long gone = 1; gone <= points.Length; gone++)
            {
                Firing[] expected = Router(asPublished, [.. points.Where(point => point.Edit != gone)]).Fire(At(places), default!);
                Assert.Equal(expected, Router(asPublished, points).Fire(At(places), default!, [.. places.Select(_ => (long?)gone)]));
                Assert.DoesNotContain(expected, firing => firing.Edit == gone);
            }
        }
    }

    [Fact]
    public void Claims_and_the_nearest_begin_with_what_answers()
    {
        MeloRouter router = Router(false, Point(1, 0, Paris), Point(2, 4, Rome), Point(3, 9, Paris));
        foreach (float at in (float[])[0.5f, 3.5f, 8])
        {
            Firing firing = router.Fire(At([at]), default!)[0];
            Assert.True(firing.Adds);
            Assert.Equal(firing, router.Claims(At([at]), default!)[0][0]);
            IReadOnlyList<Firing> nearest = router.Nearest(At([at]), default!, 3);
            Assert.Equal(firing, nearest[0]);
            Assert.Equal([1L, 2L, 3L], nearest.Select(one => one.Edit).Order());
        }
    }

    private static MeloIndex Index(bool asPublished, params MeloPoint[] points) =>
        points.Aggregate(new MeloIndex([], 3, asPublished), (index, point) => index.With(point));

    private MeloRouter Router(bool asPublished, params MeloPoint[] points) =>
        new(Device, new MeloSettings { Layer = 5, Radius = 3, AsPublished = asPublished }, [.. points]);

    private static IEnumerable<(float, float)> Places(MeloIndex index) =>
        index.Clusters.Select(cluster => (cluster.Centre[0], cluster.Radius));

    private static MeloPoint Point(long edit, float at, int[] target) => new(edit, [at, 0], target, Block: null);

    private Tensor At(float[] places) => Device.From([.. places.SelectMany(at => (float[])[at, 0])], places.Length, 2);
}
