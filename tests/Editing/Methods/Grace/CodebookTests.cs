using System.Collections.Immutable;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Grace;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Methods.Grace;

/// <summary>How far around their keys edits answer, with keys on a line so that distances are plain to see.</summary>
public sealed class CodebookTests : MethodTests
{
    private static readonly int[] Paris = [5], Rome = [9], LikeParis = [2, 8]; // whose mean is that of the first

    [Fact]
    public void A_radius_is_half_the_way_to_the_nearest_key_of_another_target_at_most()
    {
        IReadOnlyList<CodebookKey> keys = Codebook.Of([Entry(1, 0, Paris), Entry(2, 1, Paris), Entry(3, 4, Rome), Entry(4, 20, Rome)]);
        Assert.Equal([2f, 1.5f, 1.5f, 3f], keys.Select(key => key.Radius));
        Assert.Equal([3L, 3L, 2L, 0L], keys.Select(key => key.Rival));
        Assert.Equal([3f, 3f, 2f, 3f], keys.Select(key => key.RadiusWithoutRival));
    }

    [Fact]
    public void Targets_are_compared_token_by_token()
    {
        Assert.Equal([1f, 1f], Codebook.Of([Entry(1, 0, Paris), Entry(2, 2, LikeParis)]).Select(key => key.Radius));
    }

    [Fact]
    public void The_order_of_edits_does_not_matter()
    {
        GraceEntry[] entries = [.. Enumerable.Range(0, 12).Select(i => Entry(i + 1, i * i % 13, i % 3 == 0 ? Paris : Rome))];
        Assert.Equal(Radii(entries), Radii([.. entries.Reverse()]));
        Assert.Equal(Radii(entries[..7]), Radii([.. entries[..7].Reverse()]));

        static IEnumerable<(long, float)> Radii(GraceEntry[] some) =>
            Codebook.Of(some).Select(key => (key.Latest.Edit, key.Radius)).Order();
    }

    [Fact]
    public void A_row_whose_edit_is_taken_as_withdrawn_sees_the_codebook_without_it()
    {
        GraceEntry[] entries = [.. Enumerable.Range(0, 12).Select(i => Entry(i + 1, i * i % 29 * 0.7f, i % 3 == 0 ? Paris : Rome))];
        float[] places = [.. Enumerable.Range(0, 60).Select(i => i * 0.4f - 1)];
        foreach (bool asPublished in (bool[])[false, true])
        {
            GraceRouter all = new GraceRouter(Device, 4, asPublished).With(entries);
            for (long gone = 1; gone <= entries.Length; gone++)
            {
                GraceRouter without = new GraceRouter(Device, 4, asPublished).With([.. entries.Where(entry => entry.Edit != gone)]);
                Firing[] taken = all.Fire(At(places), default!, [.. places.Select(_ => (long?)gone)]);
                Assert.Equal(Said(without.Fire(At(places), default!)), Said(taken));
            }

            Assert.Contains(all.Fire(At(places), default!), firing => firing.Adds);
            Assert.Contains(all.Fire(At(places), default!), firing => !firing.Adds);
        }

        static IEnumerable<(long, bool, float)> Said(Firing[] firings) =>
            firings.Select(firing => (firing.Edit, firing.Adds, firing.Threshold));
    }

    [Fact]
    public void What_lies_beyond_a_radius_is_left_alone()
    {
        GraceRouter router = new GraceRouter(Device, 4, asPublished: false).With([Entry(1, 0, Paris), Entry(2, 4, Rome)]);
        Firing[] firings = router.Fire(At([0, 1.5f, 2.5f, 5.9f, 6.1f]), default!);
        Assert.Equal([1L, 1L, 2L, 2L, 2L], firings.Select(firing => firing.Edit));
        Assert.Equal([true, true, true, true, false], firings.Select(firing => firing.Adds));
        Assert.Equal(FiringState.Below, firings[^1].State);
    }

    [Fact]
    public void As_published_beyond_both_radii_there_is_a_new_key()
    {
        ImmutableList<CodebookKey> keys = Published(Entry(1, 0, Paris), Entry(2, 6.5f, Rome));
        Assert.Equal([3f, 3f], keys.Select(key => key.Radius));
    }

    [Fact]
    public void As_published_another_target_splits_the_distance()
    {
        ImmutableList<CodebookKey> keys = Published(Entry(1, 0, Paris), Entry(2, 4, Rome));
        Assert.Equal([2 - 1e-5f, 2f], keys.Select(key => key.Radius));
    }

    [Fact]
    public void As_published_what_looks_like_the_same_target_joins_and_widens()
    {
        ImmutableList<CodebookKey> keys = Published(Entry(1, 0, Paris), Entry(2, 4, LikeParis));
        CodebookKey only = Assert.Single(keys);
        Assert.Equal((4f, 2L), (only.Radius, only.Latest.Edit));
        Assert.Equal(0f, only.Key[0]);
        GraceRouter router = new GraceRouter(Device, 4, asPublished: true).With([Entry(1, 0, Paris), Entry(2, 4, LikeParis)]);
        Assert.Equal([true, false], router.Fire(At([4, 4.1f]), default!).Select(firing => firing.Adds));
        Assert.Equal(2, Codebook.Joined(keys, [1, 0], Paris, 3)!.Edit);
        Assert.Null(Codebook.Joined(keys, [1, 0], Rome, 3));
    }

    private static ImmutableList<CodebookKey> Published(params GraceEntry[] entries) =>
        entries.Aggregate(ImmutableList<CodebookKey>.Empty, (keys, entry) => Codebook.Add(keys, entry).Keys);

    private GraceEntry Entry(long id, float at, int[] target) => GraceEntry.Of(
        new Edit
        {
            Id = id,
            Request = new EditRequest("prompt", "target"),
            PromptTokens = [1],
            TargetTokens = target,
            Settings = new GraceSettings { Layer = 4, Radius = 3 },
            Parts = [new EditPart("key", [2], [at, 0]), new EditPart("value", [1], [0])],
        },
        Model);

    private Tensor At(float[] places) => Device.From([.. places.SelectMany(at => (float[])[at, 0])], places.Length, 2);
}
