namespace Sharpformer.Editing.Methods.Wise;

/// <summary>
/// TIES (Yadav et al. 2023): of each change the largest numbers are kept, the sign is that of their sum, and those that agree with it are
/// averaged.
/// </summary>
internal static class TiesMerge
{
    /// <summary>One change of several, each of which counts the same.</summary>
    /// <param name="changes">At least one, all of one length.</param>
    /// <param name="density">The share of each that is kept.</param>
    public static float[] Of(IReadOnlyList<float[]> changes, double density)
    {
        double[] least = [.. changes.Select(change => Least(change, density))];
        float[] merged = new float[changes[0].Length];
        for (int i = 0; i < merged.Length; i++)
        {
            double sum = 0, agreeing = 0;
            int count = 0;
            for (int s = 0; s < changes.Count; s++)
                if (Math.Abs(changes[s][i]) >= least[s]) sum += changes[s][i];
            for (int s = 0; s < changes.Count; s++)
            {
                float x = changes[s][i];
                if (Math.Abs(x) < least[s] || x == 0 || Math.Sign(x) != Math.Sign(sum)) continue;
                agreeing += x;
                count++;
            }

            if (count > 0) merged[i] = (float)(agreeing / count);
        }

        return merged;
    }

    /// <summary>The smallest size that is kept.</summary>
    private static double Least(float[] change, double density)
    {
        int kept = (int)Math.Round(density * change.Length);
        if (kept <= 0) return double.PositiveInfinity;
        if (kept >= change.Length) return 0;
        float[] sizes = [.. change.Select(MathF.Abs)];
        Array.Sort(sizes);
        return sizes[^kept];
    }
}
