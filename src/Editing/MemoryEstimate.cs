using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>
/// About how much memory a model takes, from its architecture alone. All in bytes. The estimates leave out what does not grow
/// with the model: the program itself takes some 100 MB.
/// </summary>
/// <param name="Weights">Weights as stored. A CPU maps them, so that they count only while they are used and memory is there; a GPU
/// copies them.</param>
/// <param name="KeysAndValues">Keys and values of one position in all blocks.</param>
/// <param name="Generate">Beside the weights: one text of all the model's positions.</param>
/// <param name="Teach">Beside the weights: teaching many facts, with the family's default settings.</param>
/// <param name="Neuron">One neuron of an edit, key and value.</param>
public sealed record MemoryEstimate(long Weights, long KeysAndValues, long Generate, long Teach, long Neuron)
{
    /// <summary>Estimates for a model.</summary>
    /// <param name="config">Its architecture.</param>
    /// <param name="weightBytes">Size of its weights as stored.</param>
    public static MemoryEstimate Of(ModelConfig config, long weightBytes)
    {
        ArgumentNullException.ThrowIfNull(config);
        var settings = IReVaSettings.For(config);
        long C = config.NEmbd, L = config.NLayer, keysAndValues = Floats(2 * C);
        long positions = config.NPositions, read = Math.Min(positions, TokenBatch.TokensAtOnce);
        long generate = read * Pass(config) / TokenBatch.TokensAtOnce + positions * L * keysAndValues + Floats(config.VocabSize);
        return new MemoryEstimate(weightBytes, L * keysAndValues, generate, Teaching(config, settings), Floats(2 * C));
    }

    /// <summary>Bytes beside the weights that teaching many facts takes.</summary>
    /// <param name="config">The model's architecture.</param>
    /// <param name="settings">How they are taught.</param>
    internal static long Teaching(ModelConfig config, IReVaSettings settings)
    {
        long C = config.NEmbd, L = config.NLayer, above = L - 1 - settings.Layer, keysAndValues = Floats(2 * C);
        // A chunk's trace, the same contexts side by side for the tails, and three times its logits.
        long teach = Pass(config) + 2 * IReVaTeaching.TokensAtOnce * above * keysAndValues;
        if (settings.Retrofit) teach += IReVaTeaching.NeuronsAtOnce * Floats(3L * config.VocabSize + 8 * C);
        // What texts share, and what they go on with.
        if (settings.UsesOutOfScope()) teach += 2 * SampledTexts.PositionsAtOnce * L * keysAndValues;
        return teach;
    }

    // Residual stream, q, k, v, the MLP, one block's scratch, and keys and values.
    private static long Pass(ModelConfig config) => TokenBatch.TokensAtOnce * Floats(8L * config.NEmbd + 2L * config.NInner);

    private static long Floats(long count) => count * sizeof(float);
}
