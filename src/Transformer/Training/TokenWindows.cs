using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>
/// A text cut into windows, and these into batches. What a step reads depends on the seed and its number alone, so a run goes on
/// exactly where it stopped. Each epoch meets the documents in another order.
/// </summary>
public sealed class TokenWindows
{
    private readonly TrainingText text;
    private readonly int window, rows;
    private readonly TokenStream? stream;
    private readonly PackedDocuments? packed;

    /// <summary>Cuts a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="window">Tokens that the model reads at once.</param>
    /// <param name="crossing">
    /// Whether windows run over the borders of documents, so that none has padding; if not, documents are packed whole and do not see
    /// one another.
    /// </param>
    /// <param name="rows">Windows of a batch.</param>
    /// <param name="seed">Decides the order of documents; null for that of the files.</param>
    /// <exception cref="InputException">There is nothing to be said in it.</exception>
    public TokenWindows(TrainingText text, int window, bool crossing, int rows, ulong? seed)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(window);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        (this.text, this.window, this.rows) = (text, window, rows);
        var order = new EpochOrder(text.Documents, seed);
        if (crossing) stream = new TokenStream(text, order);
        else packed = new PackedDocuments(text, order, window);
        if (crossing ? text.Tokens < 2 : packed!.Count(0) == 0)
        {
            string name = text.Files.Count > 0 ? text.Files[0].Name : "The text";
            throw new InputException($"{name}: no token follows another, expected at least two in a document.");
        }
    }

    /// <summary>What a step of a training run reads.</summary>
    /// <param name="step">Counted from 0.</param>
    /// <param name="batches">Batches of a step.</param>
    public IReadOnlyList<TrainingBatch> Step(int step, int batches = 1) =>
        [.. Enumerable.Range(0, batches).Select(i => Batch((((long)step * batches) + i) * rows, rows, long.MaxValue))];

    /// <summary>The first epoch alone: each token is asked once. The last batch may have fewer windows.</summary>
    public IEnumerable<TrainingBatch> Once()
    {
        long count = stream is not null ? (text.Tokens - 2L + window) / window : packed!.Count(0);
        for (long first = 0; first < count; first += rows) yield return Batch(first, (int)Math.Min(rows, count - first), text.Tokens);
    }

    /// <param name="first">Its first window.</param>
    /// <param name="count">How many windows.</param>
    /// <param name="end">No token of a stream from there on is to be said.</param>
    private TrainingBatch Batch(long first, int count, long end)
    {
        int[] inputs = new int[count * window], targets = new int[count * window];
        int[]? starts = packed is null ? null : new int[count * window];
        int[] both = new int[window + 1];
        for (int row = 0; row < count; row++)
        {
            Range all = (row * window)..((row + 1) * window);
            if (packed is not null)
            {
                packed.Fill(first + row, inputs.AsSpan(all), targets.AsSpan(all), starts.AsSpan(all));
                continue;
            }

            long start = (first + row) * window;
            stream!.Copy(start, both);
            both.AsSpan(0, window).CopyTo(inputs.AsSpan(all));
            both.AsSpan(1).CopyTo(targets.AsSpan(all));
            if (end - start <= window) targets.AsSpan(all)[(int)(end - start - 1)..].Fill(TrainingBatch.NoTarget);
        }

        return new TrainingBatch(count, window, inputs, targets, starts);
    }
}
