using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.IReVa;

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
internal sealed class SampledTexts(CausalLm model, int layer, int endToken)
{
    /// <summary>
    /// Positions whose keys and values are cached at once: over a hundred texts, and some 10 MB for each in a model of 48 blocks.
    /// </summary>
    internal const int PositionsAtOnce = 2048;

    private readonly Device device = model.Device;
    private float[] logits = []; // reused: megabytes per step would keep the collector busy

    /// <summary>Writes one text per start.</summary>
    /// <param name="starts">N starts; what several have in common is read once.</param>
    /// <param name="x">Receives the MLP's input at each text's last token, <c>[N,C]</c>.</param>
    /// <param name="cancellation">Checked before each token.</param>
    /// <returns>The texts, starts included.</returns>
    public int[][] Write(IReadOnlyList<TextStart> starts, Tensor x, CancellationToken cancellation = default)
    {
        int[][] texts = new int[starts.Count][];
        int longest = starts.Select(s => s.Length).DefaultIfEmpty().Max();
        foreach (int[] batch in TokenBatch.SimilarLengths([.. starts.Select(s => s.Tokens.Length + longest)], PositionsAtOnce))
        {
            // The longest texts come first, so that those still being written are the first rows.
            int[] longestFirst = [.. batch.OrderByDescending(i => starts[i].Length)];
            using BufferScope scope = device.Scope();
            int[][] written = WriteBatch(
                [.. longestFirst.Select(i => starts[i])],
                (row, state) => device.Copy(state, x.Slice(longestFirst[row], 1)), cancellation);
            for (int row = 0; row < written.Length; row++) texts[longestFirst[row]] = written[row];
        }

        return texts;
    }

    private int[][] WriteBatch(TextStart[] starts, Action<int, Tensor> ended, CancellationToken cancellation)
    {
        int V = model.Config.VocabSize;
        Beginning[] beginnings = Read(starts, cancellation);
        if (logits.Length < starts.Length * V) logits = new float[starts.Length * V];
        Tensor states = device.Allocate(starts.Length, model.Config.NEmbd);
        for (int i = 0; i < starts.Length; i++)
        {
            device.Download(beginnings[i].Logits, logits.AsSpan(i * V, V));
            device.Copy(beginnings[i].State, states.Slice(i, 1));
        }

        DecodeSession session = DecodeSession.GoOn(
            [.. beginnings.Select(b => (b.Session, b.Sequence))], room: starts[0].Length, Look(states));
        Sampler[] samplers = [.. starts.Select(s => new Sampler(new SamplingOptions(Temperature: 1), s.Rng))];
        var texts = starts.Select(s => new List<int>(s.Tokens)).ToArray();
        bool[] isOver = new bool[starts.Length];
        for (int written = 0, writing = starts.Length; ; written++)
        {
            for (int i = 0; i < writing; i++)
            {
                if (isOver[i]) continue;
                int token = written == starts[i].Length ? endToken : samplers[i].Next(logits.AsSpan(i * V, V));
                isOver[i] = token == endToken;
                if (isOver[i]) ended(i, states.Slice(i, 1));
                else texts[i].Add(token);
            }

            writing = Array.LastIndexOf(isOver, false) + 1;
            if (writing == 0) return [.. texts.Select(text => text.ToArray())];
            cancellation.ThrowIfCancellationRequested();
            using BufferScope step = device.Scope();
            var last = new TokenBatch([.. texts.Take(writing).Select(text => new[] { text[^1] })]);
            device.Download(session.Advance(last), logits.AsSpan(0, writing * V));
        }
    }

    /// <summary>What is known once a text's first tokens are read.</summary>
    /// <param name="Session">What read them.</param>
    /// <param name="Sequence">As which of its sequences.</param>
    /// <param name="Logits">After the last of them, <c>[1,V]</c>.</param>
    /// <param name="State">The MLP's input at the last of them, <c>[1,C]</c>.</param>
    private sealed record Beginning(DecodeSession Session, int Sequence, Tensor Logits, Tensor State);

    /// <summary>The beginning of each text, equal ones read once.</summary>
    private Beginning[] Read(TextStart[] starts, CancellationToken cancellation)
    {
        string[] names = [.. starts.Select(s => string.Join(' ', s.Tokens))];
        int[] firsts = [.. Enumerable.Range(0, starts.Length).DistinctBy(i => names[i])];
        int[][] different = [.. firsts.Select(i => starts[i].Tokens)];
        var read = new Dictionary<string, Beginning>();
        foreach (int[] batch in TokenBatch.SimilarLengths([.. different.Select(tokens => tokens.Length)]))
        {
            cancellation.ThrowIfCancellationRequested();
            var tokens = new TokenBatch([.. batch.Select(i => different[i])]);
            Tensor states = device.Allocate(tokens.B, model.Config.NEmbd);
            var session = new DecodeSession(model, tokens.B, tokens.T, Look(states));
            Tensor next = session.Advance(tokens);
            for (int b = 0; b < batch.Length; b++)
                read.Add(names[firsts[batch[b]]], new Beginning(session, b, next.Slice(b, 1), states.Slice(b, 1)));
        }

        return [.. names.Select(name => read[name])];
    }

    /// <summary>Sees the edited block's MLP input at the last token of each sequence, and changes nothing.</summary>
    private Opening[] Look(Tensor states) =>
        [Opening.Look(layer, Site.MlpInput, Reach.Last, last => device.Copy(last.Value, states.Slice(0, last.Value.Rows)))];
}
