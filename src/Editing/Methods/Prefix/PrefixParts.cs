using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Prefix;

/// <summary>
/// A learnt prefix as edits hold it. The first edit of a batch has <c>prefix</c> <c>[L,n,2·C]</c>, keys and values of each block, and
/// <c>edits</c> <c>[1]</c>, how many edits the batch has; the others hold nothing.
/// </summary>
internal static class PrefixParts
{
    /// <summary>The names of the parts.</summary>
    public const string Prefix = "prefix", Edits = "edits";

    /// <summary>The parts of a batch's first edit.</summary>
    /// <param name="learnt">Of each block queries, keys and values, <c>[n,3·C]</c>; queries of a prefix ask nothing.</param>
    /// <param name="edits">How many edits the batch has.</param>
    public static IReadOnlyList<EditPart> Of(IReadOnlyList<Tensor> learnt, int edits)
    {
        (int n, int C) = (learnt[0].Rows, learnt[0].Columns / 3);
        float[] kept = [.. learnt.SelectMany(block => block.ToArray().Chunk(3 * C).SelectMany(row => row[C..]))];
        return [new EditPart(Prefix, [learnt.Count, n, 2 * C], kept), new EditPart(Edits, [1], [edits])];
    }

    /// <summary>The rows of one block, <c>[n,3·C]</c>, in memory that no scope ends.</summary>
    public static Tensor Rows(EditPart prefix, int block, Device device)
    {
        (int n, int kept) = (prefix.Shape[1], prefix.Shape[2]);
        int C = kept / 2;
        var rows = new float[n * 3 * C];
        for (int i = 0; i < n; i++) prefix.Values.AsSpan(((block * n) + i) * kept, kept).CopyTo(rows.AsSpan((i * 3 * C) + C));
        Tensor made = device.AllocateUnscoped(new Shape(n, 3 * C));
        device.Upload(rows, made);
        return made;
    }

    /// <summary>Puts rows of each block at some first positions of every sequence.</summary>
    /// <param name="rows">Of each block <c>[n,3·C]</c>, constants or parameters.</param>
    /// <param name="first">Where the first of them stands.</param>
    public static IReadOnlyList<Opening> Openings(IReadOnlyList<Variable> rows, int first)
    {
        int n = rows[0].Value.Rows;
        return [.. rows.Select((own, block) => new Opening(block, Site.Qkv, Site.Qkv, Reach.Range(first, n), (_, passing) =>
            Ops.Embedding(own, [.. Enumerable.Range(0, passing.Value.Rows).Select(row => row % n)])))];
    }

    /// <summary>Says what keeps an edit's parts from being these; null where nothing does.</summary>
    public static string? Misfit(Edit edit, PrefixSettings settings, int nEmbd)
    {
        if (edit.Parts.Count == 0) return null; // another edit of its batch has them
        if (edit.Part(Prefix) is not { } prefix) return $"it has no part '{Prefix}'";
        if (edit.Part(Edits) is not { Values: [>= 1] }) return $"it has no part '{Edits}' of one number";
        return prefix.Shape is [_, var n, var kept] && n == settings.Length && kept == 2 * nEmbd ? null
            : $"part '{Prefix}' is [{string.Join(',', prefix.Shape)}], expected [blocks,{settings.Length},{2 * nEmbd}]";
    }
}
