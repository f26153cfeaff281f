using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>States on which facts must stay silent (Eq. 10): what L_irr sees.</summary>
/// <param name="States">x̂ of R prompts, <c>[R,C]</c>.</param>
/// <param name="Rows">Per fact, which of them concern it.</param>
/// <param name="MostPerFact">M: no fact has more of them. It fixes the order of summation, so it must not depend on which facts are
/// taught together.</param>
public sealed record OutOfScope(Tensor States, IReadOnlyList<int[]> Rows, int MostPerFact)
{
    /// <summary>One fact's prompts, given as tokens.</summary>
    public static OutOfScope Of(CausalLm model, int layer, IReadOnlyList<int[]> prompts)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompts);
        Tensor x = Trace.Inputs(model, prompts, [.. prompts.Select(p => p.Length - 1)], layer);
        return new OutOfScope(KeyValueAdaptor.Standardize(x), [[.. Enumerable.Range(0, prompts.Count)]], prompts.Count);
    }

    /// <summary>
    /// The states laid out for training: M rows per fact, <c>[facts·M,C]</c>, and what each counts in its fact's mean,
    /// <c>[facts,M]</c>. A fact with fewer than M has rows that count nothing.
    /// </summary>
    /// <param name="facts">Which facts, in which order; one may be named often.</param>
    public (Tensor States, Tensor Weights) Of(ReadOnlySpan<int> facts)
    {
        int M = MostPerFact;
        int[] ids = new int[facts.Length * M];
        float[] weights = new float[ids.Length];
        for (int i = 0; i < facts.Length; i++)
        {
            int[] rows = Rows[facts[i]];
            rows.CopyTo(ids, i * M);
            weights.AsSpan(i * M, rows.Length).Fill(1f / rows.Length);
        }

        return (Ops.Embedding(States, ids).Value, States.Device.From(weights, facts.Length, M));
    }
}
