namespace Sharpformer.Transformer.Training;

/// <summary>
/// Whole documents side by side in windows: each goes into the first of some open windows that has room (first fit). A document is cut
/// only where it is longer than a window.
/// </summary>
internal sealed class PackedDocuments(TrainingText text, EpochOrder order, int window)
{
    private const int Open = 64;

    private readonly List<long> firstWindows = [0]; // of each epoch, as far as known
    private (int Epoch, List<List<Piece>> Windows) last = (-1, []);

    /// <summary>A part of a document: what is read of it. What is to be said begins a token later.</summary>
    private readonly record struct Piece(int Document, int Start, int Length);

    /// <summary>How many windows an epoch has.</summary>
    public int Count(int epoch) => Epoch(epoch).Count;

    /// <summary>Fills a window; see <see cref="TrainingBatch"/>. Padding is a document of its own.</summary>
    /// <param name="index">The window, counted through all epochs.</param>
    /// <param name="inputs">What is read.</param>
    /// <param name="targets">What is to be said.</param>
    /// <param name="starts">Where the document of each begins.</param>
    public void Fill(long index, Span<int> inputs, Span<int> targets, Span<int> starts)
    {
        int epoch = EpochOf(index), at = 0;
        foreach (Piece piece in Epoch(epoch)[(int)(index - firstWindows[epoch])])
        {
            ReadOnlySpan<int> document = text.Document(piece.Document);
            document.Slice(piece.Start, piece.Length).CopyTo(inputs[at..]);
            document.Slice(piece.Start + 1, piece.Length).CopyTo(targets[at..]);
            starts.Slice(at, piece.Length).Fill(at);
            at += piece.Length;
        }

        inputs[at..].Clear();
        targets[at..].Fill(TrainingBatch.NoTarget);
        starts[at..].Fill(at);
    }

    private int EpochOf(long index)
    {
        while (firstWindows[^1] <= index) firstWindows.Add(firstWindows[^1] + Epoch(firstWindows.Count - 1).Count);
        int epoch = firstWindows.BinarySearch(index);
        return epoch >= 0 ? epoch : ~epoch - 1;
    }

    private List<List<Piece>> Epoch(int epoch)
    {
        if (last.Epoch != epoch) last = (epoch, Packed(order.Of(epoch)));
        return last.Windows;
    }

    private List<List<Piece>> Packed(int[] documents)
    {
        var windows = new List<List<Piece>>();
        var open = new List<(List<Piece> Pieces, int Room)>();
        foreach (Piece piece in documents.SelectMany(Pieces))
        {
            int fits = open.FindIndex(one => one.Room >= piece.Length);
            if (fits < 0)
            {
                if (open.Count == Open) Close(open.IndexOf(open.MinBy(one => one.Room)));
                open.Add(([], window));
                fits = open.Count - 1;
            }

            open[fits].Pieces.Add(piece);
            open[fits] = open[fits] with { Room = open[fits].Room - piece.Length };
            if (open[fits].Room == 0) Close(fits);
        }

        while (open.Count > 0) Close(0);
        return windows;

        void Close(int index)
        {
            windows.Add(open[index].Pieces);
            open.RemoveAt(index);
        }
    }

    private IEnumerable<Piece> Pieces(int document)
    {
        int inputs = text.Document(document).Length - 1; // the last token is only said
        for (int start = 0; start < inputs; start += window) yield return new Piece(document, start, Math.Min(window, inputs - start));
    }
}
