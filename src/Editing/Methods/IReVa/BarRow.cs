using ILGPU;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>
/// Takes neurons out of a competition: those that want a run of tokens, by its number, other than the row's index. 0 wants none.
/// Operands: the number that each neuron wants <c>[n]</c>, what they compete with <c>[R,n]</c>, which becomes -infinity.
/// </summary>
internal readonly struct BarRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        ReadOnlySpan<float> wanted = row[0];
        Span<float> scores = row[1];
        for (int j = 0; j < scores.Length; j++)
            if (wanted[j] != 0 && wanted[j] != row.Index) scores[j] = float.NegativeInfinity;
    }

    public static void Apply(GroupRow row)
    {
        ArrayView<float> wanted = row[0], scores = row[1];
        for (int j = GroupRow.Thread; j < scores.IntLength; j += GroupRow.Threads)
            if (wanted[j] != 0 && wanted[j] != row.Index) scores[j] = float.NegativeInfinity;
    }
}

/// <summary>
/// Leaves a competition to the neurons at one place of the targets of one prompt, whose number is the row's index; 0 is no prompt. At
/// place 0 it takes out only that prompt's other neurons. Operands: prompt and place of each neuron <c>[n]</c>, the place of each row
/// <c>[R,1]</c>, what the neurons compete with <c>[R,n]</c>.
/// </summary>
internal readonly struct BarOthersRow : IRowOp
{
    public static void Apply(RowOperands row)
    {
        if (row.Index == 0) return;
        ReadOnlySpan<float> prompts = row[0], places = row[1];
        float here = row[2][0];
        Span<float> scores = row[3];
        for (int j = 0; j < scores.Length; j++)
        {
            bool isOwn = prompts[j] == row.Index;
            if (isOwn ? places[j] != here : here > 0) scores[j] = float.NegativeInfinity;
        }
    }

    public static void Apply(GroupRow row)
    {
        if (row.Index == 0) return;
        ArrayView<float> prompts = row[0], places = row[1], scores = row[3];
        float here = row[2][0];
        for (int j = GroupRow.Thread; j < scores.IntLength; j += GroupRow.Threads)
        {
            bool isOwn = prompts[j] == row.Index;
            if (isOwn ? places[j] != here : here > 0) scores[j] = float.NegativeInfinity;
        }
    }
}
