using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>Sequences of similar length that go through the model together, and where their traced positions lie.</summary>
/// <param name="Sequences">Which.</param>
/// <param name="Tokens">Their tokens, <c>[B,T]</c>.</param>
/// <param name="Rows">The traced positions among them, as rows of the trace.</param>
/// <param name="FlatRows">The same as rows of <c>[B·T,…]</c>.</param>
internal sealed record TracePass(int[] Sequences, TokenBatch Tokens, int[] Rows, int[] FlatRows)
{
    /// <summary>All passes that it takes.</summary>
    public static IEnumerable<TracePass> All(IReadOnlyList<int[]> sequences, TracedPosition[] positions)
    {
        ILookup<int, int> rowsOf = Enumerable.Range(0, positions.Length).ToLookup(row => positions[row].Sequence);
        foreach (int[] batch in TokenBatch.SimilarLengths([.. sequences.Select(s => s.Length)]))
        {
            var tokens = new TokenBatch([.. batch.Select(sequence => sequences[sequence])]);
            yield return new TracePass(
                batch, tokens, [.. batch.SelectMany(sequence => rowsOf[sequence])],
                [.. batch.SelectMany((sequence, b) => rowsOf[sequence].Select(row => b * tokens.T + positions[row].Position))]);
        }
    }

    /// <summary>Puts what the pass gave for its rows <c>[Rows,…]</c> where it belongs in the trace.</summary>
    public void Place(Tensor made, Tensor trace) => made.Device.Scatter(made, Rows, trace);
}
