namespace Sharpformer.Transformer.Training;

/// <summary>
/// All documents of one epoch behind the other, epoch behind epoch: windows cut it where they end, so that each token is read once in
/// each epoch.
/// </summary>
internal sealed class TokenStream(TrainingText text, EpochOrder order)
{
    private readonly Dictionary<int, (int[] Documents, int[] Ends)> epochs = [];

    /// <summary>Copies tokens from a place on.</summary>
    /// <param name="start">The place, counted through all epochs.</param>
    /// <param name="into">Filled.</param>
    public void Copy(long start, Span<int> into)
    {
        while (into.Length > 0)
        {
            (long epoch, long at) = Math.DivRem(start, text.Tokens);
            (int[] documents, int[] ends) = Epoch((int)epoch);
            int i = Array.BinarySearch(ends, (int)at + 1);
            if (i < 0) i = ~i;
            ReadOnlySpan<int> document = text.Document(documents[i]);
            ReadOnlySpan<int> part = document[^(ends[i] - (int)at)..];
            part = part[..Math.Min(part.Length, into.Length)];
            part.CopyTo(into);
            into = into[part.Length..];
            start += part.Length;
        }
    }

    private (int[] Documents, int[] Ends) Epoch(int epoch)
    {
        if (epochs.TryGetValue(epoch, out (int[] Documents, int[] Ends) known)) return known;
        // A window may reach into the next epoch; those before are done with.
        foreach (int past in epochs.Keys.Where(other => other < epoch - 1).ToArray()) epochs.Remove(past);
        int[] documents = order.Of(epoch), ends = new int[documents.Length];
        int end = 0;
        for (int i = 0; i < documents.Length; i++) ends[i] = end += text.Document(documents[i]).Length;
        return epochs[epoch] = (documents, ends);
    }
}
