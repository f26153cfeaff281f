using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Methods.FineTuning;

/// <summary>
/// A chunk of edits as the model reads them, up to the block that is trained: what lies below never changes, so it is computed once.
/// </summary>
internal sealed class FineTuningTexts
{
    private readonly TokenBatch tokens;
    private readonly Tensor below; // the block's input, [B·T,C]
    private readonly int layer;
    private readonly int[] rows, targets; // where each target token is asked for, and what it is
    private readonly Tensor shares; // of each target token in the mean over edits of the mean over their tokens, [rows,1]
    private readonly int[] editOf;

    /// <summary>Reads the edits; what is kept belongs to the device's current scope.</summary>
    public FineTuningTexts(CausalLm model, FineTuningSettings settings, IReadOnlyList<TokenizedRequest> requests)
    {
        layer = settings.Layer;
        Count = requests.Count;
        tokens = new TokenBatch([.. requests.Select(r => settings.PromptLast ? r.Tokens.Prompt : r.Tokens.Input)]);
        int step = settings.PromptLast ? 0 : 1;
        rows = [.. requests.SelectMany((r, b) => r.Tokens.Target.Select((_, i) => b * tokens.T + r.Tokens.First + i * step))];
        targets = [.. requests.SelectMany(r => r.Tokens.Target)];
        editOf = [.. requests.SelectMany((r, b) => Enumerable.Repeat(b, r.Tokens.Target.Length))];
        float[] share = [.. editOf.Select(b => 1f / (Count * requests[b].Tokens.Target.Length))];
        shares = model.Device.From(share, share.Length, 1);
        CausalLm lower = model.UpTo(layer);
        using BufferScope scope = model.Device.Scope();
        below = scope.Keep(lower.Hidden(tokens, lower.NewCache(tokens.B, tokens.T, layer)).Value);
    }

    /// <summary>How many edits.</summary>
    public int Count { get; }

    /// <summary>The mean over edits of the mean negative log-likelihood of their target tokens, <c>[1]</c>.</summary>
    /// <param name="model">The model, whose trained weights may be parameters.</param>
    public Variable Loss(CausalLm model) => Ops.Sum(Ops.Multiply(TokenLosses(model), shares));

    /// <summary>The same of each edit alone.</summary>
    public double[] LossPerEdit(CausalLm model)
    {
        using BufferScope scope = model.Device.Scope();
        float[] losses = TokenLosses(model).Value.ToArray();
        var sums = new double[Count];
        var counts = new int[Count];
        for (int i = 0; i < losses.Length; i++)
        {
            sums[editOf[i]] += losses[i];
            counts[editOf[i]]++;
        }

        return [.. sums.Zip(counts, (sum, count) => sum / count)];
    }

    private Variable TokenLosses(CausalLm model)
    {
        Tensor input = model.Device.Allocate(below.Shape); // a pass without a tape gives its input back to the pool
        model.Device.Copy(below, input);
        KvCache cache = model.NewCache(tokens.B, tokens.T, model.Blocks.Count);
        return Ops.CrossEntropy(model.Logits(model.HiddenFrom(layer, input, tokens, cache, rows: rows)), targets);
    }
}
