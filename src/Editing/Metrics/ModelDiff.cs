using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing.Metrics;

/// <summary>
/// Compares two models that were made of one base by edits, or that base with one of them. What stands at a position does not depend on
/// which others stand beside it, and memory does not grow with their number but for what is told of each.
/// </summary>
/// <param name="before">The first model.</param>
/// <param name="after">The second.</param>
/// <param name="tokenizer">Theirs.</param>
public sealed class ModelDiff(EditedModel before, EditedModel after, Tokenizer tokenizer)
{
    private const int TailTokens = 12;

    private readonly Dictionary<int, string> texts = [];

    /// <summary>Tokens traced together, unless a single input has more.</summary>
    internal int TokensAtOnce { get; init; } = 2048;

    /// <summary>Positions whose logits are held at once: V numbers each, of up to three models.</summary>
    internal int LogitsAtOnce { get; init; } = 256;

    /// <summary>Numbers in the keys and values that are copied for tails that run at once.</summary>
    internal long ContextAtOnce { get; init; } = 1 << 26;

    /// <summary>Compares the models after every input.</summary>
    /// <param name="inputs">At least one.</param>
    /// <param name="top">How many of the most likely tokens to tell.</param>
    /// <param name="progress">Told how many positions of how many are done.</param>
    /// <param name="cancellation">Checked between chunks.</param>
    /// <exception cref="InputException">A token is not in the model's vocabulary.</exception>
    public DiffReport Compare(
        IReadOnlyList<DiffInput> inputs, int top = 5, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(top);
        if (inputs.Count == 0) throw new ArgumentException("Compare: nothing to compare the models on.");
        int total = inputs.Sum(input => input.Tokens.Length - input.From);
        var differences = new List<Difference>(total);
        foreach (DiffInput[] batch in Batches(inputs))
        {
            using BufferScope scope = before.Base.Device.Scope();
            (Comparison first, Comparison second) = Comparison.RunBoth(
                before, after, [.. batch.Select(input => input.Tokens)], [.. batch.Select(input => input.From)], cancellation);
            for (int at = 0; at < first.Positions.Count; at += LogitsAtOnce)
            {
                cancellation.ThrowIfCancellationRequested();
                Compare(batch, first, second, at, Math.Min(LogitsAtOnce, first.Positions.Count - at), top, differences);
                progress?.Invoke(differences.Count, total);
            }
        }

        return new DiffReport(differences);
    }

    private IEnumerable<DiffInput[]> Batches(IReadOnlyList<DiffInput> inputs)
    {
        var batch = new List<DiffInput>();
        int tokens = 0;
        foreach (DiffInput input in inputs)
        {
            if (batch.Count > 0 && tokens + input.Tokens.Length > TokensAtOnce)
            {
                yield return [.. batch];
                batch.Clear();
                tokens = 0;
            }

            batch.Add(input);
            tokens += input.Tokens.Length;
        }

        yield return [.. batch];
    }

    /// <summary>Some positions of a batch.</summary>
    private void Compare(
        DiffInput[] batch, Comparison first, Comparison second, int start, int count, int top, List<Difference> differences)
    {
        using BufferScope scope = before.Base.Device.Scope();
        int V = before.Base.Config.VocabSize;
        float[] baseLogits = first.BaseLogits(start, count).Value.ToArray();
        (Firing[] firstFires, float[]?[] firstLogits) = Edited(first, start, count);
        (Firing[] secondFires, float[]?[] secondLogits) = Edited(second, start, count);
        bool isFromBase = before.FirstTouched is null;
        for (int r = 0; r < count; r++)
        {
            ReadOnlySpan<float> ofBase = baseLogits.AsSpan(r * V, V);
            ReadOnlySpan<float> ofFirst = firstLogits[r] ?? ofBase, ofSecond = secondLogits[r] ?? ofBase;
            bool isSame = firstLogits[r] is null && secondLogits[r] is null;
            SaidToken[] said = Said(ofFirst, top);
            DiffInput input = batch[first.Positions[start + r].Sequence];
            int position = first.Positions[start + r].Position;
            differences.Add(new Difference(
                input.Text ?? tokenizer.TextOf(input.Tokens.AsSpan(Math.Max(0, position + 1 - TailTokens)..(position + 1))), position + 1,
                isFromBase ? null : firstLogits[r] is null ? said : Said(ofBase, top), said, isSame ? said : Said(ofSecond, top),
                isSame ? 0 : NextToken.Divergence(ofFirst, ofSecond), Answering(firstFires[r]), Answering(secondFires[r])));
        }
    }

    /// <summary>What fires at some positions, and the edited model's logits where they may differ from the base model's.</summary>
    private (Firing[] Firings, float[]?[] Logits) Edited(Comparison both, int start, int count)
    {
        Firing[] firings = both.Fire(start, count);
        var logits = new float[]?[count];
        foreach (int[] rows in both.Differing(firings).Chunk(both.RowsAtOnce(ContextAtOnce, LogitsAtOnce)))
        {
            using BufferScope scope = before.Base.Device.Scope();
            float[] all = both.EditedLogits([.. rows.Select(r => start + r)], [.. rows.Select(r => firings[r])]).Value.ToArray();
            int V = all.Length / rows.Length;
            for (int i = 0; i < rows.Length; i++) logits[rows[i]] = all[(i * V)..((i + 1) * V)];
        }

        return (firings, logits);
    }

    private SaidToken[] Said(ReadOnlySpan<float> logits, int top)
    {
        double logSum = RowMath.LogSumExp(logits);
        int[] tokens = NextToken.Top(logits, top);
        var said = new SaidToken[tokens.Length];
        for (int i = 0; i < said.Length; i++)
            said[i] = new SaidToken(tokens[i], TextOf(tokens[i]), Math.Exp(logits[tokens[i]] - logSum));
        return said;
    }

    private string TextOf(int token) =>
        texts.TryGetValue(token, out string? text) ? text : texts[token] = tokenizer.TextOf(token); // one string for all who say it

    private static long? Answering(Firing firing) => firing.State == FiringState.Answers ? firing.Edit : null;
}
