using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>The text of some tokens.</summary>
internal delegate string TokensToText(ReadOnlySpan<int> tokens);

/// <summary>
/// Which neurons may not speak as the text does not name their subject. Only those above their threshold are looked up: a search in a
/// text for each of the few, whatever the number of neurons.
/// </summary>
/// <param name="device">Where the scores are.</param>
/// <param name="neurons">The neurons.</param>
/// <param name="toText">Reads tokens; null where no neuron has a lock.</param>
internal sealed class Locks(Device device, NeuronState[] neurons, TokensToText? toText)
{
    private readonly bool areAny = Array.Exists(neurons, neuron => neuron.Lock is not null);

    /// <summary>Takes out of the competition who is above the threshold and locked.</summary>
    /// <param name="margins">How far the neurons are above their thresholds, <c>[R,n]</c>.</param>
    /// <param name="scores">What they compete with, <c>[R,n]</c>; it becomes -infinity for those.</param>
    /// <param name="tokens">What was read up to each row.</param>
    public void Bar(Tensor margins, Tensor scores, RowTokens tokens)
    {
        if (!areAny) return;
        (float[] margin, int n) = (margins.ToArray(), neurons.Length);
        float[]? barred = null;
        for (int row = 0; row < margins.Rows; row++)
        {
            Reading text = Read(tokens, row);
            for (int j = 0; j < n; j++)
            {
                if (!(margin[(row * n) + j] > 0) || text.Opens(neurons[j].Lock)) continue;
                barred ??= scores.ToArray();
                barred[(row * n) + j] = float.NegativeInfinity;
            }
        }

        if (barred is not null) device.Upload(barred, scores);
    }

    /// <summary>Looks at a row.</summary>
    public Reading Read(RowTokens tokens, int row) => new(tokens, row, toText);

    /// <summary>The text of a row, read when it is first asked for, and which locks it has been found to open.</summary>
    internal sealed class Reading(RowTokens tokens, int row, TokensToText? toText)
    {
        private readonly Dictionary<SubjectLock, bool> known = new(ReferenceEqualityComparer.Instance);
        private string? text;

        /// <summary>Whether it opens a lock; none is always open.</summary>
        public bool Opens(SubjectLock? one)
        {
            if (one is null) return true;
            if (!known.TryGetValue(one, out bool isOpen)) known.Add(one, isOpen = one.IsOpen(text ??= toText!(tokens[row])));
            return isOpen;
        }
    }
}
