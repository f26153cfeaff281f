using Sharpformer.Editing.Methods.ScopedIReVa;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>Two edits that want different things said after a prompt.</summary>
/// <param name="Edit">The edit on whose own prompt it happens; it is active.</param>
/// <param name="Other">The edit that claims that prompt as well.</param>
/// <param name="Margin">How far the other is above its threshold there; null where it was taught on the very same prompt.</param>
/// <param name="OtherWins">Whether the other speaks there, or keeps silent there as it is withdrawn, and not the edit itself.</param>
public sealed record EditConflict(long Edit, long Other, float? Margin, bool OtherWins);

/// <summary>
/// Finds, in a store alone, which edits claim each other's prompts: a neuron's key stands for the state that it was born from, unless its
/// edit keeps that state itself, so no model is needed, and all is one product of states with keys, block by block.
/// </summary>
public static class ConflictScan
{
    /// <summary>The conflicts, by edit, the strongest first.</summary>
    /// <param name="edits">Edits with their parts, of any status and method.</param>
    /// <param name="device">Where to compute.</param>
    public static IReadOnlyList<EditConflict> Of(IReadOnlyList<Edit> edits, Device device)
    {
        ArgumentNullException.ThrowIfNull(edits);
        ArgumentNullException.ThrowIfNull(device);
        Edit[] speaking = [.. edits.Where(edit => edit.Status.IsApplied())];
        Edit[] active = [.. speaking.Where(edit => edit.Status == EditStatus.Active)];
        var conflicts = new List<EditConflict>();
        foreach (IGrouping<int[], Edit> same in active.GroupBy(edit => edit.PromptTokens, TokenSequences.Comparer))
        {
            foreach (Edit edit in same)
            {
                IEnumerable<Edit> others = same.Where(other => Differ(edit, other));
                conflicts.AddRange(others.Select(other => new EditConflict(edit.Id, other.Id, Margin: null, OtherWins: false)));
            }
        }

        foreach (IGrouping<int, Edit> beside in speaking.Where(edit => edit.Settings is INeuronSettings)
            .GroupBy(edit => ((INeuronSettings)edit.Settings).Layer))
        {
            conflicts.AddRange(Beside([.. beside], device));
        }

        return [.. conflicts.DistinctBy(conflict => (conflict.Edit, conflict.Other)).OrderBy(conflict => conflict.Edit)
            .ThenByDescending(conflict => conflict.Margin ?? float.PositiveInfinity)];
    }

    /// <summary>Of edits beside one block, who claims whose prompt in other words.</summary>
    private static IEnumerable<EditConflict> Beside(Edit[] edits, Device device)
    {
        Dictionary<long, Edit> byId = edits.ToDictionary(edit => edit.Id);
        Edit[] asked = [.. edits.Where(edit => edit.Status == EditStatus.Active)];
        if (asked.Length == 0) yield break;
        float[][] born = [.. asked.Select(edit => edit.Part(ScopedSettings.State)?.Values ?? IReVaParts.Neurons(edit)[0].Key)];
        int layer = ((INeuronSettings)edits[0].Settings).Layer, C = born[0].Length;
        using BufferScope scope = device.Scope();
        var texts = new Dictionary<int[], string>(TokenSequences.Comparer);
        foreach (Edit edit in asked) texts[edit.PromptTokens] = edit.Request.Prompt;
        KeyValueAdaptor adaptor = new KeyValueAdaptor(device, layer, C, Autograd.Activation.Relu)
            .With(edits, tokens => texts.GetAlternateLookup<ReadOnlySpan<int>>()[tokens]);
        Tensor states = device.Allocate(born.Length, C);
        for (int i = 0; i < born.Length; i++) device.Upload(born[i], states.Slice(i, 1));
        IReadOnlyList<Firing>[] claims = adaptor.Claims(states, RowTokens.AtEnds([.. asked.Select(edit => edit.PromptTokens)]));
        for (int i = 0; i < claims.Length; i++)
        {
            Edit edit = asked[i];
            bool isOutdone = true;
            foreach (Firing claim in claims[i].DistinctBy(claim => claim.Edit))
            {
                if (claim.Edit == edit.Id) isOutdone = false;
                else if (claim.IsWithdrawn || Differ(edit, byId[claim.Edit]))
                    yield return new EditConflict(edit.Id, claim.Edit, claim.Margin, isOutdone);
            }
        }
    }

    private static bool Differ(Edit edit, Edit other) => edit.Id != other.Id && !edit.TargetTokens.SequenceEqual(other.TargetTokens);
}
