using System.Collections.Immutable;
using Sharpformer.Editing.Routing;

namespace Sharpformer.Editing.Methods.Melo;

/// <summary>An edit in the index.</summary>
/// <param name="Edit">Its id.</param>
/// <param name="Key">What it is known by: what the first MLP matrix below the adapted ones gives where its prompt ends.</param>
/// <param name="Target">The tokens it wants said.</param>
/// <param name="Block">What answers there.</param>
internal sealed record MeloPoint(long Edit, float[] Key, int[] Target, MeloBlock? Block)
{
    /// <summary>The name of the part that holds the key, <c>[NInner]</c>.</summary>
    public const string KeyName = "key";
}

/// <summary>Points that want the same said.</summary>
/// <param name="Centre">The mean of their keys when the last one came.</param>
/// <param name="Radius">How far from it they answer.</param>
/// <param name="Points">At least one, in order.</param>
internal sealed record MeloCluster(float[] Centre, float Radius, ImmutableList<MeloPoint> Points);

/// <summary>The index of edits: clusters, which are folded from points in the order in which these come. A value.</summary>
/// <param name="Clusters">The clusters.</param>
/// <param name="Radius">The radius that one begins with.</param>
/// <param name="AsPublished">See <see cref="MeloSettings.AsPublished"/>.</param>
internal sealed record MeloIndex(ImmutableList<MeloCluster> Clusters, float Radius, bool AsPublished)
{
    private const float Gap = 1e-5f; // half of what is left between two clusters when a distance is split

    /// <summary>
    /// One more point. Beyond the reach of the nearest cluster it begins one; within it, it joins where both want the same said, and else
    /// begins one beside it, and the distance is split between them.
    /// </summary>
    public MeloIndex With(MeloPoint point)
    {
        (int nearest, float distance) = (-1, float.PositiveInfinity);
        for (int i = 0; i < Clusters.Count; i++)
        {
            float here = KeyDistance.Of(point.Key, Clusters[i].Centre, distance);
            if (here < distance) (nearest, distance) = (i, here);
        }

        if (nearest < 0 || distance > Clusters[nearest].Radius + Radius) return this with { Clusters = Clusters.Add(Alone(point, Radius)) };
        MeloCluster near = Clusters[nearest];
        return AreAlike(near.Points[0].Target, point.Target)
            ? this with { Clusters = Clusters.SetItem(nearest, Joined(near.Points.Add(point))) }
            : Split(nearest, distance, Alone(point, (distance / 2) + Gap));
    }

    private static MeloCluster Alone(MeloPoint point, float radius) => new(point.Key, radius, [point]);

    private MeloCluster Joined(ImmutableList<MeloPoint> points)
    {
        var mean = new double[points[0].Key.Length];
        foreach (MeloPoint point in points)
            for (int c = 0; c < mean.Length; c++) mean[c] += point.Key[c];
        float[] centre = [.. mean.Select(sum => (float)(sum / points.Count))];
        return new MeloCluster(centre, Math.Max(Radius, points.Max(point => KeyDistance.Of(point.Key, centre))), points);
    }

    /// <summary>
    /// A cluster draws back before a new one. Points that it no longer reaches are clusters of their own from then on, which reach half the
    /// way to those that want something else said.
    /// </summary>
    private MeloIndex Split(int at, float distance, MeloCluster beside)
    {
        MeloCluster old = Clusters[at];
        float half = (distance / 2) - Gap, radius = AsPublished ? half : Math.Min(old.Radius, half);
        ILookup<bool, MeloPoint> within = old.Points.ToLookup(point => KeyDistance.Of(point.Key, old.Centre) <= radius);
        ImmutableList<MeloCluster> clusters = within[true].Any()
            ? Clusters.SetItem(at, old with { Radius = radius, Points = [.. within[true]] })
            : Clusters.RemoveAt(at);
        clusters = clusters.Add(beside);
        if (AsPublished) return this with { Clusters = clusters };
        MeloCluster[] others = [.. clusters.Where(cluster => !AreAlike(cluster.Points[0].Target, old.Points[0].Target))];
        return this with
        {
            Clusters = clusters.AddRange(within[false].Select(point => Alone(
                point, others.Min(other => Math.Min(Radius, KeyDistance.Of(point.Key, other.Centre) / 2))))),
        };
    }

    private bool AreAlike(int[] one, int[] other) => AsPublished ? one.Sum() == other.Sum() : one.AsSpan().SequenceEqual(other);
}
