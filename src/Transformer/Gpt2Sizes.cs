namespace Sharpformer.Transformer;

/// <summary>The published sizes of GPT-2 (Radford et al. 2019), and GPT-J's in GPT-2's architecture.</summary>
public static class Gpt2Sizes
{
    /// <summary>All sizes by name, smallest first.</summary>
    public static IReadOnlyDictionary<string, ModelConfig> All { get; } = new OrderedDictionary<string, ModelConfig>
    {
        ["gpt2"] = Size(layers: 12, width: 768, heads: 12),
        ["gpt2-medium"] = Size(layers: 24, width: 1024, heads: 16),
        ["gpt2-large"] = Size(layers: 36, width: 1280, heads: 20),
        ["gpt2-xl"] = Size(layers: 48, width: 1600, heads: 25),
        ["gpt-j"] = Size(layers: 28, width: 4096, heads: 16) with { VocabSize = 50400, NPositions = 2048 },
    };

    private static ModelConfig Size(int layers, int width, int heads) => new()
    {
        ModelType = "gpt2",
        NEmbd = width,
        NLayer = layers,
        NHead = heads,
        NPositions = 1024,
        VocabSize = 50257,
        NInner = 4 * width,
        LayerNormEpsilon = 1e-5f,
    };
}
