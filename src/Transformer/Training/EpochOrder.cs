using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>In which order an epoch meets the documents.</summary>
/// <param name="documents">How many there are.</param>
/// <param name="seed">Decides it together with the epoch; null for the order of the files, in all epochs.</param>
internal sealed class EpochOrder(int documents, ulong? seed)
{
    /// <summary>The documents of an epoch, each once.</summary>
    public int[] Of(int epoch)
    {
        int[] order = [.. Enumerable.Range(0, documents)];
        if (seed is not { } given) return order;
        Rng rng = new Rng(given).Fork("order of documents").Fork((ulong)epoch);
        for (int i = order.Length - 1; i > 0; i--)
        {
            int j = rng.NextInt(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
