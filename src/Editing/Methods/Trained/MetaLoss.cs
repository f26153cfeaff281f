using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>How much the two sides of the loss count.</summary>
/// <param name="Edit">What is asked in other words shall be answered.</param>
/// <param name="Locality">What is unrelated shall stay.</param>
public sealed record MetaWeights(double Edit = 0.1, double Locality = 1);

/// <summary>
/// How good an edit is that a network makes: L = c_e·NLL(target | other words) + c_l·KL(before ‖ after), the latter the mean over the
/// positions that count of unrelated texts (Mitchell et al. 2022).
/// </summary>
/// <param name="model">The base model; it stays as it is.</param>
/// <param name="net">The network.</param>
/// <param name="counts">What the sides count.</param>
internal sealed class MetaLoss(CausalLm model, IEditorNet net, MetaWeights counts)
{
    private readonly int first = net.Settings.Matrices.Min(matrix => matrix.Layer);

    /// <summary>The loss of an edit alone, made on the base model.</summary>
    /// <param name="weights">The network's, as parameters or constants.</param>
    /// <param name="gradient">The edit's gradient, which is a constant.</param>
    /// <param name="asked">The edit in other words.</param>
    /// <param name="unrelated">Unrelated texts; none asks for none.</param>
    public MetaReport Of(
        IReadOnlyList<Variable> weights, EditGradient gradient, EditTokens asked, IReadOnlyList<KeptText> unrelated) =>
        Of(net.Change(weights, gradient), asked, unrelated);

    /// <summary>The loss of one edit of a change.</summary>
    /// <param name="change">The change of weights, of this edit or of others along with it.</param>
    /// <param name="asked">The edit in other words.</param>
    /// <param name="unrelated">Unrelated texts; none asks for none.</param>
    public MetaReport Of(IReadOnlyList<RankTerms> change, EditTokens asked, IReadOnlyList<KeptText> unrelated)
    {
        CausalLm edited = RankTerms.Added(model, change);
        var tokens = new TokenBatch([asked.Input, .. unrelated.Select(text => text.Tokens)]);
        int[] answers = [.. asked.Target.Select((_, i) => asked.First + i)];
        int[] kept = [.. unrelated.SelectMany((text, b) => Enumerable.Range(text.First, text.Tokens.Length - text.First)
            .Select(position => ((b + 1) * tokens.T) + position))];
        CausalLm lower = model.UpTo(first);
        Variable below = lower.Hidden(tokens, lower.NewCache(tokens.B, tokens.T, first));

        Variable hidden = Above(edited, below, tokens, [.. answers, .. kept]);
        Variable logits = edited.Logits(Rows(hidden, 0, answers.Length));
        Variable nll = Ops.Mean(Ops.CrossEntropy(logits, asked.Target));
        Variable loss = Ops.Scale(nll, (float)counts.Edit);
        bool isSaid = model.Device.ArgMax(logits.Value).AsSpan().SequenceEqual(asked.Target);
        if (kept.Length == 0) return new MetaReport(loss, nll.Value.ToScalar(), 0, isSaid, 1);

        Variable after = edited.Logits(Rows(hidden, answers.Length, kept.Length));
        Tensor before = model.Logits(Above(model, below, tokens, kept)).Value;
        Variable divergence = Ops.Mean(Ops.Divergence(after, before));
        int[] now = model.Device.ArgMax(after.Value), then = model.Device.ArgMax(before);
        return new MetaReport(
            Ops.Add(loss, Ops.Scale(divergence, (float)counts.Locality)), nll.Value.ToScalar(), divergence.Value.ToScalar(), isSaid,
            now.Zip(then).Count(pair => pair.First == pair.Second) / (double)now.Length);
    }

    private static Variable Rows(Variable x, int start, int count) => Ops.Embedding(x, [.. Enumerable.Range(start, count)]);

    /// <summary>From what lies below the first edited block to the last one's output, at some rows.</summary>
    private Variable Above(CausalLm through, Variable below, TokenBatch tokens, int[] rows)
    {
        Tensor input = below.Device.Allocate(below.Shape); // a pass without a tape gives its input back to the pool
        below.Device.Copy(below.Value, input);
        return through.HiddenFrom(first, input, tokens, through.NewCache(tokens.B, tokens.T, through.Blocks.Count), rows: rows);
    }
}

/// <summary>What an edit that a network made is worth.</summary>
/// <param name="Loss">Its loss, <c>[1]</c>.</param>
/// <param name="Nll">Mean negative log-likelihood of the target, asked in other words.</param>
/// <param name="Divergence">Mean divergence on unrelated texts.</param>
/// <param name="IsSaid">Whether each target token is the likeliest, asked in other words.</param>
/// <param name="Kept">Share of unrelated positions whose likeliest token stays.</param>
internal sealed record MetaReport(Variable Loss, double Nll, double Divergence, bool IsSaid, double Kept);
