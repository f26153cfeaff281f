using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Adaptor;

/// <summary>How one text begins and when it ends.</summary>
/// <param name="Tokens">Its first tokens, at least one.</param>
/// <param name="Length">Tokens to write after them, unless the end token comes first.</param>
/// <param name="Rng">Where its draws come from. Each text has its own, so what else is written beside it does not matter.</param>
internal sealed record TextStart(int[] Tokens, int Length, Rng Rng);

/// <summary>
/// Lets the base model write short texts at temperature 1, many side by side, and looks at the state in which the edited
/// block sees the last token of each.
/// </summary>
/// <param name="model">The base model.</param>
/// <param name="layer">The edited block.</param>
/// <param name="endToken">The token that ends a text; it is not part of it.</param>
internal sealed class TextWriter(CausalLm model, int layer, int endToken)
{
    private const int TextsAtOnce = 128;

    private readonly Device device = model.Device;
    private float[] logits = []; // reused: megabytes per step would keep the collector busy

    /// <summary>Writes one text per start.</summary>
    /// <param name="starts">N starts.</param>
    /// <param name="x">Receives the MLP's input at each text's last token, <c>[N,C]</c>.</param>
    /// <param name="cancellation">Checked before each token.</param>
    /// <returns>The texts, starts included.</returns>
    public int[][] Write(IReadOnlyList<TextStart> starts, Tensor x, CancellationToken cancellation = default)
    {
        int[][] texts = new int[starts.Count][];
        // Beginnings of similar length stand together, so that little is padding; within a batch the longest texts come
        // first, so that those still being written are its first rows.
        foreach (int[] batch in Enumerable.Range(0, starts.Count).OrderBy(i => starts[i].Tokens.Length).Chunk(TextsAtOnce))
        {
            int[] longestFirst = [.. batch.OrderByDescending(i => starts[i].Length)];
            using BufferScope scope = device.Scope();
            int[][] written = WriteBatch([.. longestFirst.Select(i => starts[i])], (row, state) => device.Copy(state, x.Slice(longestFirst[row], 1)), cancellation);
            for (int row = 0; row < written.Length; row++) texts[longestFirst[row]] = written[row];
        }

        return texts;
    }

    private int[][] WriteBatch(TextStart[] starts, Action<int, Tensor> ended, CancellationToken cancellation)
    {
        int V = model.Config.VocabSize;
        if (logits.Length < starts.Length * V) logits = new float[starts.Length * V];
        Tensor states = device.Allocate(starts.Length, model.Config.NEmbd);
        var look = new FeedForwardSlot(layer, last =>
        {
            device.Copy(last.Value, states.Slice(0, last.Value.Rows));
            return null;
        });
        var session = new DecodeSession(model, starts.Length, starts.Max(s => s.Tokens.Length) + starts[0].Length, look);
        Sampler[] samplers = [.. starts.Select(s => new Sampler(new SamplingOptions(Temperature: 1), s.Rng))];
        var texts = starts.Select(s => new List<int>(s.Tokens)).ToArray();
        bool[] isOver = new bool[starts.Length];
        int[][] next = [.. starts.Select(s => s.Tokens)];
        for (int written = 0; next.Length > 0; written++)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope step = device.Scope();
            device.Download(session.Advance(new TokenBatch(next)), logits.AsSpan(0, next.Length * V));
            for (int i = 0; i < next.Length; i++)
            {
                if (isOver[i]) continue;
                int token = written == starts[i].Length ? endToken : samplers[i].Next(logits.AsSpan(i * V, V));
                isOver[i] = token == endToken;
                if (isOver[i]) ended(i, states.Slice(i, 1));
                else texts[i].Add(token);
            }

            next = [.. texts.Take(Array.LastIndexOf(isOver, false) + 1).Select(text => new[] { text[^1] })];
        }

        return [.. texts.Select(text => text.ToArray())];
    }
}
