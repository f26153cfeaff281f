using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.Locating;

/// <summary>What values are searched for.</summary>
/// <param name="Prompts">The prompts.</param>
/// <param name="Below">The block's output over them, <c>[B·T,C]</c>.</param>
/// <param name="Origins">v₀ of each edit, <c>[C]</c>; with a <see cref="Middle"/>, then of each the attention's output.</param>
internal sealed record ValueProblem(PromptBatch Prompts, Tensor Below, IReadOnlyList<float[]> Origins)
{
    /// <summary>
    /// The residual stream between attention and MLP at the subjects, <c>[subjects,C]</c>, where δ is searched for the attention too; null
    /// where it is not.
    /// </summary>
    public Tensor? Middle { get; init; }

    /// <summary>The problem of some of the edits.</summary>
    /// <param name="edits">Their places, ascending.</param>
    public ValueProblem Of(IReadOnlyList<int> edits)
    {
        int[] firsts = [.. Prompts.Edits.Select((_, e) => Prompts.Edits.Take(e).Sum(edit => edit.Sequences.Length))];
        int[] sequences = [.. edits.SelectMany(e => Enumerable.Range(firsts[e], Prompts.Edits[e].Sequences.Length))];
        var fewer = new PromptBatch([.. edits.Select(e => Prompts.Edits[e])]);
        int[] rows = [.. sequences.SelectMany(b => Enumerable.Range(b * Prompts.Tokens.T, fewer.Tokens.T))];
        int count = Prompts.Edits.Count;
        return new ValueProblem(
            fewer, Ops.Embedding(Below, rows).Value,
            [.. Origins.Where((_, i) => edits.Contains(i % count))])
        {
            Middle = Middle is null ? null : Ops.Embedding(Middle, sequences).Value,
        };
    }
}
