using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Gradients;

/// <summary>
/// Some edits as the model reads them, up to the first block that is trained: what lies below never changes, so it is computed once.
/// </summary>
internal sealed class AnswerTexts
{
    private readonly Tensor below; // the block's input, [B·T,C]
    private readonly int layer;
    private readonly int[] targets; // what is asked for at each of the rows
    private readonly int[] editOf;

    /// <summary>Reads the edits; what is kept belongs to the device's current scope.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layer">The first block that is trained.</param>
    /// <param name="edits">At least one.</param>
    /// <param name="promptLast">Whether all target tokens are asked for where the prompt ends, not each behind those before it.</param>
    public AnswerTexts(CausalLm model, int layer, IReadOnlyList<EditTokens> edits, bool promptLast = false)
    {
        this.layer = layer;
        Count = edits.Count;
        Tokens = new TokenBatch([.. edits.Select(edit => promptLast ? edit.Prompt : edit.Input)]);
        int step = promptLast ? 0 : 1;
        Rows = [.. edits.SelectMany((edit, b) => edit.Target.Select((_, i) => b * Tokens.T + edit.First + i * step))];
        targets = [.. edits.SelectMany(edit => edit.Target)];
        editOf = [.. edits.SelectMany((edit, b) => Enumerable.Repeat(b, edit.Target.Length))];
        CausalLm lower = model.UpTo(layer);
        using BufferScope scope = model.Device.Scope();
        below = scope.Keep(lower.Hidden(Tokens, lower.NewCache(Tokens.B, Tokens.T, layer)).Value);
    }

    /// <summary>How many edits.</summary>
    public int Count { get; }

    /// <summary>What is read: each prompt, with its target tokens but the last.</summary>
    public TokenBatch Tokens { get; }

    /// <summary>The row of <c>[B·T]</c> from which each target token is predicted, edit by edit.</summary>
    public int[] Rows { get; }

    /// <summary>The mean negative log-likelihood of the target tokens of each edit.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layer">The first block that is trained.</param>
    /// <param name="edits">Any number.</param>
    /// <param name="openings">What sits in its openings.</param>
    public static double[] Losses(
        CausalLm model, int layer, IReadOnlyList<EditTokens> edits, IReadOnlyList<Opening>? openings = null)
    {
        double[] losses = new double[edits.Count];
        foreach (int[] some in TokenBatch.SimilarLengths([.. edits.Select(edit => edit.Input.Length)]))
        {
            using BufferScope scope = model.Device.Scope();
            double[] found = new AnswerTexts(model, layer, [.. some.Select(e => edits[e])]).LossPerEdit(model, openings);
            for (int i = 0; i < some.Length; i++) losses[some[i]] = found[i];
        }

        return losses;
    }

    /// <summary>The mean over edits of the mean negative log-likelihood of their target tokens, <c>[1]</c>.</summary>
    /// <param name="model">The model, whose weights from the first trained block on may be parameters.</param>
    /// <param name="openings">What sits in its openings, where it is that which is trained.</param>
    public Variable Loss(CausalLm model, IReadOnlyList<Opening>? openings = null)
    {
        int[] tokens = new int[Count];
        foreach (int edit in editOf) tokens[edit]++;
        float[] shares = [.. editOf.Select(edit => 1f / (Count * tokens[edit]))];
        return Ops.Sum(Ops.Multiply(TokenLosses(model, Below(), openings), model.Device.From(shares, shares.Length, 1)));
    }

    /// <summary>The mean negative log-likelihood of the target tokens of each edit, <c>[edits,1]</c>, with gradients.</summary>
    /// <param name="model">The model.</param>
    /// <param name="openings">What sits in its openings, where it is that which is trained.</param>
    public Variable Losses(CausalLm model, IReadOnlyList<Opening>? openings = null)
    {
        int rows = editOf.Length;
        int[] tokens = new int[Count];
        foreach (int edit in editOf) tokens[edit]++;
        float[] shares = new float[Count * rows];
        for (int r = 0; r < rows; r++) shares[(editOf[r] * rows) + r] = 1f / tokens[editOf[r]];
        return Ops.MatMul(model.Device.From(shares, Count, rows), TokenLosses(model, Below(), openings));
    }

    /// <summary>The mean negative log-likelihood of the target tokens of each edit alone.</summary>
    public double[] LossPerEdit(CausalLm model, IReadOnlyList<Opening>? openings = null)
    {
        using BufferScope scope = model.Device.Scope();
        float[] losses = TokenLosses(model, Below(), openings).Value.ToArray();
        var sums = new double[Count];
        var counts = new int[Count];
        for (int i = 0; i < losses.Length; i++)
        {
            sums[editOf[i]] += losses[i];
            counts[editOf[i]]++;
        }

        return [.. sums.Zip(counts, (sum, count) => sum / count)];
    }

    /// <summary>The negative log-likelihood of each target token, with gradients for all that stands above.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tape">Records it from the first trained block's input on.</param>
    /// <returns><c>[rows,1]</c>.</returns>
    public Variable TokenLosses(CausalLm model, Tape tape) => TokenLosses(model, tape.Parameter(below), openings: null);

    private Variable TokenLosses(CausalLm model, Variable input, IReadOnlyList<Opening>? openings)
    {
        KvCache cache = model.NewCache(Tokens.B, Tokens.T, model.Blocks.Count);
        return Ops.CrossEntropy(model.Logits(model.HiddenFrom(layer, input, Tokens, cache, openings, Rows)), targets);
    }

    /// <summary>A copy of the input: a pass without a tape gives its input back to the pool.</summary>
    private Tensor Below()
    {
        Tensor input = below.Device.Allocate(below.Shape);
        below.Device.Copy(below, input);
        return input;
    }
}
