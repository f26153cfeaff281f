using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>Whether a model's logits are numbers: a single infinite one may hide behind a loss that is finite.</summary>
/// <param name="Positions">How many positions were read.</param>
/// <param name="NotFinite">How many logits are NaN or infinite.</param>
/// <param name="FirstPosition">Where the first of them is, counted from 0; -1 for nowhere.</param>
/// <param name="FirstToken">Which token it belongs to; -1 for none.</param>
public sealed record LogitScan(int Positions, long NotFinite, int FirstPosition, int FirstToken)
{
    private const int PositionsAtOnce = 64;

    /// <summary>Reads a text and looks at every logit of every position.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text, at least one token and within the model's positions.</param>
    /// <param name="cancellation">Checked between portions.</param>
    /// <exception cref="InputException">The text is empty or too long.</exception>
    public static LogitScan Run(CausalLm model, int[] tokens, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        var scan = new LogitScan(model.CheckedPrompt(tokens).Length, 0, -1, -1);
        Tensor hidden = model.Hidden(new TokenBatch([tokens]), model.NewCache(1, tokens.Length)).Value;
        for (int start = 0; start < tokens.Length; start += PositionsAtOnce)
        {
            cancellation.ThrowIfCancellationRequested();
            using BufferScope portion = model.Device.Scope();
            float[] logits = model.Logits(hidden.Slice(start, Math.Min(PositionsAtOnce, tokens.Length - start))).Value.ToArray();
            int bad = logits.Count(logit => !float.IsFinite(logit));
            if (bad == 0) continue;
            (int row, int token) = Math.DivRem(Array.FindIndex(logits, logit => !float.IsFinite(logit)), model.Config.VocabSize);
            scan = scan.NotFinite > 0
                ? scan with { NotFinite = scan.NotFinite + bad }
                : scan with { NotFinite = bad, FirstPosition = start + row, FirstToken = token };
        }

        return scan;
    }
}
