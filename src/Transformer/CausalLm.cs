using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;
using static Sharpformer.Autograd.Ops;

namespace Sharpformer.Transformer;

/// <summary>
/// A causal language model, tokens to logits. Weights are constants unless <see cref="With"/> makes parameters of some; gradients
/// flow to those, to what a caller puts into a block's openings and to what it feeds into <see cref="TailLogits"/>.
/// </summary>
/// <param name="Config">Architecture.</param>
/// <param name="TokenTable"><c>wte.weight [V,C]</c>.</param>
/// <param name="PositionTable"><c>wpe.weight [NPositions,C]</c>; null where attention knows positions by itself.</param>
/// <param name="Blocks">L blocks.</param>
/// <param name="FinalNorm"><c>ln_f</c>.</param>
/// <param name="Head"><c>lm_head.weight [V,C]</c>; the token table again when tied.</param>
/// <param name="HeadBias"><c>lm_head.bias [V]</c>; null for none.</param>
public sealed record CausalLm(
    ModelConfig Config, Variable TokenTable, Variable? PositionTable, IReadOnlyList<Block> Blocks, NormWeights FinalNorm, Variable Head,
    Variable? HeadBias = null)
{
    /// <summary>Where the model lives.</summary>
    public Device Device => TokenTable.Device;

    /// <summary>Maps a model folder's weights and makes a model of them.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="device">Where the model shall live.</param>
    /// <param name="notice">Told what is no error but worth knowing.</param>
    /// <param name="form">How the weights are held.</param>
    /// <param name="adapter">The folder of a LoRA adapter to merge into the weights; null for none.</param>
    /// <exception cref="InputException">
    /// The folder does not hold a usable model, the adapter does not fit it, or a number is none that Q8 can hold.
    /// </exception>
    public static CausalLm Load(
        string folder, Device device, Action<string>? notice = null, WeightForm form = WeightForm.Stored, string? adapter = null)
    {
        ModelConfig config = ModelConfig.Load(folder);
        using Checkpoint checkpoint = Checkpoint.Open(folder, device, notice, form: form, adapter: adapter);
        return checkpoint.Build(config);
    }

    /// <summary>All that is learnt; a tied head counts once.</summary>
    public IEnumerable<Variable> Weights
    {
        get
        {
            yield return TokenTable;
            if (PositionTable is not null) yield return PositionTable;
            foreach (Variable weight in Blocks.SelectMany(block => block.Weights).Concat(FinalNorm.Weights)) yield return weight;
            if (!Config.TiesHead) yield return Head;
            if (HeadBias is not null) yield return HeadBias;
        }
    }

    /// <summary>
    /// The same model with each weight replaced by what <paramref name="change"/> makes of it, for example a
    /// <see cref="Tape.Parameter"/>. A tied head stays tied. To change one block, <see cref="WithBlock"/> is enough.
    /// </summary>
    /// <remarks>
    /// Gradients flow through the positions of one pass: what a cache holds from earlier passes, and a trace's context, are
    /// constants to them. The full gradient of a weight comes from whole sequences with an empty cache.
    /// </remarks>
    /// <param name="change">Called once for each of <see cref="Weights"/>; gives back what shall stay.</param>
    public CausalLm With(Func<Variable, Variable> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        Variable tokens = change(TokenTable);
        return this with
        {
            TokenTable = tokens,
            PositionTable = PositionTable is null ? null : change(PositionTable),
            Blocks = [.. Blocks.Select(block => block.With(change))],
            FinalNorm = FinalNorm.With(change),
            Head = Config.TiesHead ? tokens : change(Head),
            HeadBias = HeadBias is null ? null : change(HeadBias),
        };
    }

    /// <summary>The same model with another block in one place; all others are shared.</summary>
    public CausalLm WithBlock(int layer, Block block)
    {
        CheckBlock("WithBlock", layer);
        return this with { Blocks = [.. Blocks.Select((old, l) => l == layer ? block : old)] };
    }

    /// <summary>Makes sure that the model can read a prompt.</summary>
    /// <returns><paramref name="tokens"/>, for chaining.</returns>
    /// <exception cref="InputException">It is empty or longer than the model's positions.</exception>
    public int[] CheckedPrompt(int[] tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.Length == 0) throw new InputException("The prompt is empty, expected at least one token.");
        if (tokens.Length > Config.NPositions)
            throw new InputException($"The prompt has {tokens.Length} tokens, the model's positions are {Config.NPositions}.");
        return tokens;
    }

    /// <summary>An empty cache for this model; see <see cref="KvCache"/>.</summary>
    public KvCache NewCache(int batch, int capacity, int firstKept = 0) => new(Config, Device, batch, capacity, firstKept);

    /// <summary>
    /// Carries new tokens through all blocks, appends their keys and values to the cache and lengthens it.
    /// </summary>
    /// <param name="tokens">New tokens of the cache's first B sequences; the others rest.</param>
    /// <param name="cache">Earlier positions.</param>
    /// <param name="openings">What sits in blocks' openings.</param>
    /// <param name="rows">Which rows of <c>[B·T,C]</c> are wanted of the last block, or null for all; it then computes no others.</param>
    /// <returns>The last block's output, <c>[B·T,C]</c> or <c>[rows,C]</c>.</returns>
    /// <exception cref="ArgumentException">The cache is for fewer sequences, or an opening's block does not exist.</exception>
    /// <exception cref="InputException">A sequence outgrows the model's positions, or a token is not in its vocabulary.</exception>
    public Variable Hidden(TokenBatch tokens, KvCache cache, IReadOnlyList<Opening>? openings = null, int[]? rows = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(cache);
        Span<int> past = cache.Lengths.AsSpan(0, Math.Min(tokens.B, cache.Batch));
        if (tokens.B > cache.Batch || past.ContainsAnyExcept(0) || Shared(tokens) is not { } shared)
            return HiddenFrom(0, Embed(tokens, past), tokens, cache, openings, rows);

        // What sits in a block sees all rows, and of the last one only those that are wanted are computed.
        int first = Math.Max(0, (openings ?? []).Select(opening => opening.Block).Append(Blocks.Count - 1).Min());
        return HiddenFrom(first, Below(first, tokens, cache, shared), tokens, cache, openings, rows);
    }

    /// <summary>The same from the input of a block on, where those below have been passed already.</summary>
    /// <param name="first">The block; as many as the model has for none at all.</param>
    /// <param name="below">Its input, <c>[B·T,C]</c>. It is released unless a gradient needs it.</param>
    /// <param name="tokens">New tokens of the cache's first B sequences; the others rest.</param>
    /// <param name="cache">Earlier positions.</param>
    /// <param name="openings">What sits in blocks' openings.</param>
    /// <param name="rows">Which rows of <c>[B·T,C]</c> are wanted of the last block, or null for all.</param>
    /// <inheritdoc cref="Hidden"/>
    public Variable HiddenFrom(
        int first, Variable below, TokenBatch tokens, KvCache cache, IReadOnlyList<Opening>? openings = null, int[]? rows = null)
    {
        ArgumentNullException.ThrowIfNull(below);
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(cache);
        if (tokens.B > cache.Batch) throw new ArgumentException($"Hidden: {tokens.B} sequences of tokens, the cache is for {cache.Batch}.");
        foreach (Opening opening in openings ?? []) CheckBlock("Hidden", opening.Block);
        int[] past = cache.Lengths[..tokens.B];
        cache.Note(tokens);
        var behind = new RowTokens(row => // padding may reach past the cache's end
            cache.TokensOf(row / tokens.T, Math.Min(past[row / tokens.T] + (row % tokens.T) + 1, cache.Capacity)));
        Variable h = below;
        for (int l = first; l < Blocks.Count; l++)
        {
            Passage? passage = Passage.Through(openings ?? [], l, reach => reach.Rows(tokens, past), behind);
            int[]? wanted = l == Blocks.Count - 1 ? rows : null;
            h = Through(h, input =>
            {
                if (passage is null) return Blocks[l].Forward(input, cache, l, past, wanted);
                Variable output = Blocks[l].Forward(input, cache, l, past, passage); // which wants to see all rows, even of the last block
                return wanted is null ? output : Embedding(output, wanted);
            });
        }

        for (int b = 0; b < tokens.B; b++) cache.Lengths[b] += tokens.Lengths[b];
        return first == Blocks.Count && rows is not null ? Embedding(h, rows) : h;
    }

    /// <summary>
    /// x, the MLP's input of block <paramref name="layer"/>, at some positions of whole sequences: all that a neuron's birth
    /// needs. Nothing beyond that block's attention runs.
    /// </summary>
    /// <param name="tokens">B sequences.</param>
    /// <param name="layer">The block.</param>
    /// <param name="rows">Which rows of <c>[B·T]</c>.</param>
    /// <returns><c>[rows,C]</c>.</returns>
    /// <exception cref="ArgumentException">No such block.</exception>
    /// <exception cref="InputException">A sequence outgrows the model's positions, or a token is not in its vocabulary.</exception>
    public Tensor MlpInput(TokenBatch tokens, int layer, int[] rows)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        CheckBlock("MlpInput", layer);
        using BufferScope scope = Device.Scope();
        KvCache scratch = NewCache(tokens.B, tokens.T, firstKept: Blocks.Count);
        int[] past = new int[tokens.B];
        Variable h = Below(layer, tokens, scratch, Shared(tokens));
        return scope.Keep(Blocks[layer].MlpInput(h, scratch, layer, past, rows).Value);
    }

    /// <summary>
    /// The tail: one position per sequence, from the output of block <paramref name="layer"/> to its logits, against
    /// cached keys and values. Writes the position's own into the cache at <c>positions[b]</c>, without lengthening it.
    /// </summary>
    /// <param name="hidden">Output of the block, <c>[B,C]</c>.</param>
    /// <param name="layer">The block it is the output of; -1 where it is the embedding.</param>
    /// <param name="cache">Keys and values of the blocks above, at least up to each position.</param>
    /// <param name="positions">Where each sequence's position stands.</param>
    /// <param name="openings">What sits in the openings of the blocks above.</param>
    /// <returns><c>[B,V]</c>.</returns>
    public Variable TailLogits(Variable hidden, int layer, KvCache cache, int[] positions, IReadOnlyList<Opening>? openings = null)
    {
        ArgumentNullException.ThrowIfNull(cache);
        var behind = new RowTokens(row => cache.TokensOf(row, positions[row] + 1));
        for (int l = layer + 1; l < Blocks.Count; l++)
        {
            Passage? passage = Passage.Through(openings ?? [], l, reach => reach.Rows(positions), behind);
            hidden = passage is null
                ? Blocks[l].Forward(hidden, cache, l, positions)
                : Blocks[l].Forward(hidden, cache, l, positions, passage);
        }

        return Logits(hidden);
    }

    /// <summary>Final norm and head: hidden <c>[rows,C]</c> to logits <c>[rows,V]</c>.</summary>
    public Variable Logits(Variable hidden) => Linear(FinalNorm.Forward(hidden), [Head], HeadBias, transposeWeights: true);

    /// <summary>Whose beginnings are the same; null where there is nothing to gain, or where training sums over rows.</summary>
    private SharedBeginnings? Shared(TokenBatch tokens) =>
        Weights.Any(weight => weight.RequiresGradient) ? null : SharedBeginnings.Of(tokens);

    /// <summary>What a block reads of whole sequences, <c>[B·T,C]</c>; the blocks below write their keys and values.</summary>
    private Variable Below(int layer, TokenBatch tokens, KvCache cache, SharedBeginnings? shared)
    {
        int[] past = new int[tokens.B];
        Variable h = shared is null ? Embed(tokens, past) : Embed(
            [.. shared.Different.Select(place => tokens.Ids[place])], [.. shared.Different.Select(place => place % tokens.T)]);
        for (int l = 0; l < layer; l++) h = Through(h, below => Blocks[l].Forward(below, cache, l, past, rows: null, shared));
        return shared is null ? h : Through(h, different => Embedding(different, shared.RowOf));
    }

    /// <summary>One block. Without a tape nothing but its output is needed afterwards, nor is what it was made of.</summary>
    private Variable Through(Variable below, Func<Variable, Variable> block)
    {
        using BufferScope scope = Device.Scope();
        Variable h = block(below);
        if (h.RequiresGradient)
        {
            scope.KeepAll();
        }
        else
        {
            scope.Keep(h.Value);
            below.Value.Storage.Release();
        }

        return h;
    }

    private void CheckBlock(string verb, int layer)
    {
        if ((uint)layer >= (uint)Blocks.Count)
            throw new ArgumentException($"{verb}: no block {layer}, the model's are 0 to {Blocks.Count - 1}.");
    }

    /// <summary>What the first block reads of new tokens, <c>[B·T,C]</c>.</summary>
    /// <param name="tokens">New tokens of B sequences.</param>
    /// <param name="past">Earlier positions of each.</param>
    /// <exception cref="InputException">A sequence outgrows the model's positions, or a token is not in its vocabulary.</exception>
    internal Variable Embed(TokenBatch tokens, ReadOnlySpan<int> past)
    {
        int[] positions = new int[tokens.Ids.Length];
        for (int b = 0; b < tokens.B; b++)
        {
            CheckLength(past[b] + tokens.Lengths[b]);
            for (int t = 0; t < tokens.T; t++)
                positions[b * tokens.T + t] = Math.Min(past[b] + t, Config.NPositions - 1); // padding may reach past the table
        }

        return Embed(tokens.Ids, positions);
    }

    /// <summary>What the first block reads of tokens at their positions, <c>[tokens,C]</c>.</summary>
    /// <exception cref="InputException">A position is not one of the model's, or a token is not in its vocabulary.</exception>
    internal Variable Embed(int[] ids, int[] positions)
    {
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)Config.VocabSize)
            {
                throw new InputException(
                    $"Token {id} is not in the model's vocabulary of {Config.VocabSize}.", "does the tokenizer belong to this model?");
            }
        }

        CheckLength(positions.Max() + 1);
        Variable meaning = Embedding(TokenTable, ids);
        return PositionTable is null ? meaning : Add(meaning, Embedding(PositionTable, positions));
    }

    private void CheckLength(int length)
    {
        if (length > Config.NPositions)
            throw new InputException($"A sequence of {length} tokens is longer than the model's {Config.NPositions} positions.");
    }
}
