using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.Memoir;

/// <summary>
/// Turns a feature into the rows of the memory that a prompt may use: where its largest elements go in one fixed permutation. Prompts that
/// are alike share most of their rows.
/// </summary>
internal sealed class TopHash
{
    private readonly int[] permutation;

    /// <summary>The hash of a seed.</summary>
    /// <param name="width">m: elements of a feature, and rows of the memory.</param>
    /// <param name="active">k: how many rows a prompt uses.</param>
    /// <param name="seed">Seeds the permutation.</param>
    public TopHash(int width, int active, ulong seed)
    {
        if (active < 1 || active > width) throw new ArgumentException($"TopHash: {active} rows of {width}.");
        Active = active;
        permutation = [.. Enumerable.Range(0, width)];
        Rng rng = new Rng(seed).Fork("permutation");
        for (int i = width - 1; i > 0; i--)
        {
            int j = rng.NextInt(i + 1);
            (permutation[i], permutation[j]) = (permutation[j], permutation[i]);
        }
    }

    /// <summary>m.</summary>
    public int Width => permutation.Length;

    /// <summary>k.</summary>
    public int Active { get; }

    /// <summary>The k rows of a feature, ascending; of equally large elements the first count.</summary>
    public int[] Rows(ReadOnlySpan<float> feature)
    {
        float[] size = new float[feature.Length];
        int[] order = new int[feature.Length];
        for (int i = 0; i < size.Length; i++) (size[i], order[i]) = (MathF.Abs(feature[i]), i);
        Array.Sort(order, (a, b) => size[a] == size[b] ? a.CompareTo(b) : size[b].CompareTo(size[a]));
        int[] rows = new int[Active];
        for (int i = 0; i < rows.Length; i++) rows[i] = permutation[order[i]];
        Array.Sort(rows);
        return rows;
    }
}
