using System.Collections.Immutable;
using Sharpformer.Editing.Routing;

namespace Sharpformer.Editing.Methods.Grace;

/// <summary>A key that edits answer by. A value.</summary>
/// <param name="Key">The key.</param>
/// <param name="Radius">How far from it they answer.</param>
/// <param name="Latest">The edit whose value is given: where several share the key, the last of them.</param>
internal sealed record CodebookKey(float[] Key, float Radius, GraceEntry Latest)
{
    /// <summary>The edit that narrows the radius; 0 where none does.</summary>
    public long Rival { get; init; }

    /// <summary>What the radius would be without the rival.</summary>
    public float RadiusWithoutRival { get; init; } = Radius;
}

/// <summary>How far around its key each edit answers. To fold entries into one is all that a router of GRACE does.</summary>
internal static class Codebook
{
    private const float Gap = 1e-5f; // between what is left of a radius that was split and its new neighbour's

    /// <summary>
    /// A key for every edit, with the smaller of its radius and half the distance to the nearest key of another target. The order of the
    /// edits does not matter, but for which of two with the very same key answers, and none leaves a trace when it goes.
    /// </summary>
    public static IReadOnlyList<CodebookKey> Of(IReadOnlyList<GraceEntry> entries)
    {
        var keys = new CodebookKey[entries.Count];
        for (int i = 0; i < keys.Length; i++)
        {
            GraceEntry own = entries[i];
            (float nearest, float second, long rival) = (2 * own.Radius, 2 * own.Radius, 0);
            foreach (GraceEntry other in entries)
            {
                if (other == own || other.Target.AsSpan().SequenceEqual(own.Target)) continue;
                float distance = KeyDistance.Of(own.Key, other.Key, second);
                if (distance == 0) continue; // one prompt with two answers: the older is the nearest, and keeps its reach
                if (distance < nearest) (nearest, second, rival) = (distance, nearest, other.Edit);
                else second = Math.Min(second, distance);
            }

            keys[i] = new CodebookKey(own.Key, nearest / 2, own) { Rival = rival, RadiusWithoutRival = second / 2 };
        }

        return keys;
    }

    /// <summary>
    /// One more edit as the released program has it. Beyond the reach of the nearest key it gets a key of its own; within it, it joins that
    /// key where both targets' ids have one mean, and else the distance is split between them.
    /// </summary>
    /// <returns>The keys with it, and the edit whose value it goes on from, null for none.</returns>
    public static (ImmutableList<CodebookKey> Keys, GraceEntry? Joined) Add(
        ImmutableList<CodebookKey> keys, GraceEntry entry) => Add(keys, entry.Key, entry.Target, entry.Radius, entry);

    /// <summary>The edit whose value one goes on from that is yet to be taught.</summary>
    public static GraceEntry? Joined(ImmutableList<CodebookKey> keys, float[] key, int[] target, float radius) =>
        Add(keys, key, target, radius, entry: null).Joined;

    private static (ImmutableList<CodebookKey> Keys, GraceEntry? Joined) Add(
        ImmutableList<CodebookKey> keys, float[] key, int[] target, float radius, GraceEntry? entry)
    {
        (int nearest, float distance) = (-1, float.PositiveInfinity);
        for (int i = 0; i < keys.Count; i++)
        {
            float here = KeyDistance.Of(key, keys[i].Key, distance);
            if (here < distance) (nearest, distance) = (i, here);
        }

        if (nearest < 0 || distance > radius + keys[nearest].Radius) return (With(keys, radius), null);
        CodebookKey near = keys[nearest];
        if (near.Latest.Target.Average() != target.Average())
            return (With(keys.SetItem(nearest, near with { Radius = (distance / 2) - Gap }), distance / 2), null);
        return (entry is null ? keys : keys.SetItem(nearest, new(near.Key, Math.Max(near.Radius, distance), entry)), near.Latest);

        ImmutableList<CodebookKey> With(ImmutableList<CodebookKey> others, float own) =>
            entry is null ? others : others.Add(new CodebookKey(key, own, entry));
    }
}
