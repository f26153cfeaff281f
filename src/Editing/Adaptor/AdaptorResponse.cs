namespace Sharpformer.Editing.Adaptor;

/// <summary>Who answers at each row.</summary>
/// <param name="Winners">Index of the strongest neuron.</param>
/// <param name="Strengths">α·s of that neuron, 0 where it is silent or far below its threshold.</param>
public sealed record AdaptorResponse(int[] Winners, float[] Strengths)
{
    /// <summary>Whether anything is added anywhere.</summary>
    public bool Fires => Strengths.Any(strength => strength != 0);

    /// <summary>The rows where something is added.</summary>
    public int[] AnsweredRows() => [.. Enumerable.Range(0, Strengths.Length).Where(r => Strengths[r] != 0)];

    /// <summary>The response at some rows alone.</summary>
    public AdaptorResponse Of(int[] rows) => new([.. rows.Select(r => Winners[r])], [.. rows.Select(r => Strengths[r])]);
}
