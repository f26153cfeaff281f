using System.Numerics;

namespace Sharpformer.Editing.Methods.Memoir;

/// <summary>The mask of an edit.</summary>
/// <param name="Edit">The edit's id.</param>
/// <param name="Token">The first token that the edit wants said.</param>
/// <param name="Rows">The rows of the memory that it uses, ascending.</param>
/// <param name="Overlap">τ: the share of them that a prompt has to share.</param>
internal sealed record EditMask(long Edit, int Token, int[] Rows, float Overlap);

/// <summary>
/// Masks of which the one decides that shares most rows with what is asked: it speaks where the share reaches its threshold, and
/// otherwise none does. Of equals the older does. A value.
/// </summary>
internal sealed class MaskTable
{
    private readonly int width;
    private readonly EditMask[] masks;
    private readonly ulong[][] bits;
    private readonly float[] thresholds;
    private readonly Lazy<HashSet<long>> edits;

    /// <summary>A table of masks.</summary>
    /// <param name="width">m: rows of the memory.</param>
    /// <param name="masks">Any number, the older first.</param>
    public MaskTable(int width, params IReadOnlyList<EditMask> masks)
        : this(width, [.. masks], [.. masks.Select(mask => Bits(mask.Rows, width))], [.. masks.Select(Threshold)])
    {
    }

    private MaskTable(int width, EditMask[] masks, ulong[][] bits, float[] thresholds)
    {
        (this.width, this.masks, this.bits, this.thresholds) = (width, masks, bits, thresholds);
        edits = new Lazy<HashSet<long>>(() => [.. masks.Select(mask => mask.Edit)]);
    }

    /// <summary>The masks.</summary>
    public IReadOnlyList<EditMask> Masks => masks;

    /// <summary>The same with more masks behind them.</summary>
    public MaskTable With(MaskTable more) =>
        new(width, [.. masks, .. more.masks], [.. bits, .. more.bits], [.. thresholds, .. more.thresholds]);

    /// <summary>Whether an edit has a mask here.</summary>
    public bool Holds(long edit) => edits.Value.Contains(edit);

    /// <summary>The mask that shares most rows with each prompt's.</summary>
    /// <param name="prompts">Rows of each prompt.</param>
    /// <param name="withdrawn">For each an edit to be taken as withdrawn, or null for none; null for none anywhere.</param>
    public Firing[] Fire(IReadOnlyList<int[]> prompts, IReadOnlyList<long?>? withdrawn = null)
    {
        var firings = new Firing[prompts.Count];
        for (int p = 0; p < firings.Length; p++)
        {
            ulong[] asked = Bits(prompts[p], width);
            int best = -1, most = -1;
            for (int i = 0; i < masks.Length; i++)
            {
                int shared = Shared(asked, bits[i]);
                if (shared <= most || (withdrawn?[p] is { } without && masks[i].Edit == without)) continue;
                (best, most) = (i, shared);
            }

            if (best >= 0) firings[p] = FiringOf(best, most);
        }

        return firings;
    }

    /// <summary>How the masks see one prompt, those first that share most.</summary>
    /// <param name="prompt">Its rows.</param>
    public IEnumerable<Firing> Nearest(int[] prompt)
    {
        ulong[] asked = Bits(prompt, width);
        return Enumerable.Range(0, masks.Length).Select(i => FiringOf(i, Shared(asked, bits[i])))
            .OrderByDescending(firing => firing.Score).ThenBy(firing => firing.Index);
    }

    private Firing FiringOf(int i, int shared)
    {
        float score = (float)((double)shared / masks[i].Rows.Length), margin = score - thresholds[i];
        return new Firing(
            i, masks[i].Edit, Part: 0, masks[i].Token, margin, thresholds[i], Strength: margin > 0 ? 1 : 0, IsWithdrawn: false);
    }

    /// <summary>
    /// What a share has to exceed: τ is reached, not exceeded, so it is half a row below the fewest rows that do. It does not hang on
    /// how τ rounds.
    /// </summary>
    private static float Threshold(EditMask mask)
    {
        int k = mask.Rows.Length, needed = (int)Math.Floor((double)mask.Overlap * k);
        while (needed > 0 && (float)((needed - 1.0) / k) >= mask.Overlap) needed--;
        while ((float)((double)needed / k) < mask.Overlap) needed++;
        return (float)((needed - 0.5) / k);
    }

    private static int Shared(ulong[] x, ulong[] y)
    {
        int shared = 0;
        for (int w = 0; w < x.Length; w++) shared += BitOperations.PopCount(x[w] & y[w]);
        return shared;
    }

    private static ulong[] Bits(int[] rows, int width)
    {
        var words = new ulong[(width + 63) / 64];
        foreach (int row in rows) words[row / 64] |= 1UL << (row % 64);
        return words;
    }
}
