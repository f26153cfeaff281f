using Sharpformer.Tensors;

namespace Sharpformer.Editing.Metrics;

/// <summary>Asks about many texts, those of similar length together: they go through the model as one batch with little padding.</summary>
internal static class ByLength
{
    /// <summary>The answers, in the order of what is asked.</summary>
    /// <param name="device">What is computed on the way lasts as long as a portion.</param>
    /// <param name="items">What is asked, any number.</param>
    /// <param name="length">How long an item is.</param>
    /// <param name="atOnce">How many make a portion.</param>
    /// <param name="answer">Answers a portion, one for each, in order.</param>
    /// <param name="progress">Told how many are done.</param>
    /// <param name="cancellation">Checked between portions.</param>
    public static TAnswer[] Ask<TItem, TAnswer>(
        Device device, IReadOnlyList<TItem> items, Func<TItem, int> length, int atOnce, Func<TItem[], IEnumerable<TAnswer>> answer,
        Action<int>? progress, CancellationToken cancellation)
    {
        var answers = new TAnswer[items.Count];
        int done = 0;
        foreach (int[] chunk in Enumerable.Range(0, answers.Length).OrderBy(i => length(items[i])).Chunk(atOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope scope = device.Scope();
            foreach ((int i, TAnswer one) in chunk.Zip(answer([.. chunk.Select(i => items[i])]))) answers[i] = one;
            progress?.Invoke(done += chunk.Length);
        }

        return answers;
    }
}
