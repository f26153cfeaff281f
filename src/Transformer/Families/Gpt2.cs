using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Transformer.Families;

/// <summary>
/// GPT-2 (Radford et al. 2019): learnt positions, one matrix for queries, keys and values, weights stored <c>[in,out]</c>,
/// the token table as head. nanoGPT stores the same weights <c>[out,in]</c>, and may leave all biases out.
/// </summary>
internal sealed class Gpt2 : Family
{
    /// <summary>The map whose stored shape tells how all are stored.</summary>
    public const string FirstMap = "h.0.attn.c_attn.weight";

    /// <inheritdoc/>
    public override string ModelType => "gpt2";

    /// <inheritdoc/>
    public override string Architecture => "GPT2LMHeadModel";

    /// <inheritdoc/>
    public override IReadOnlyList<string> LoraModules => ["c_attn"];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, ModelConfig> Sizes { get; } = new OrderedDictionary<string, ModelConfig>
    {
        ["distilgpt2"] = Size(layers: 6, width: 768, heads: 12),
        ["gpt2"] = Size(layers: 12, width: 768, heads: 12),
        ["gpt2-medium"] = Size(layers: 24, width: 1024, heads: 16),
        ["gpt2-large"] = Size(layers: 36, width: 1280, heads: 20),
        ["gpt2-xl"] = Size(layers: 48, width: 1600, heads: 25),
    };

    /// <inheritdoc/>
    protected override IReadOnlyList<ConfigKey> Keys { get; } =
    [
        ConfigKey.NEmbd("n_embd"),
        ConfigKey.NLayer("n_layer"),
        ConfigKey.NHead("n_head"),
        ConfigKey.NInner("n_inner"),
        ConfigKey.NPositions("n_positions"),
        new("n_ctx", c => c.NPositions, Read: null),
        ConfigKey.VocabSize("vocab_size"),
        ConfigKey.LayerNormEpsilon("layer_norm_epsilon"),
        ConfigKey.Activation("activation_function"),
        new("scale_attn_weights", c => c.ScalesAttention, (c, file) => c with { ScalesAttention = file.Flag("scale_attn_weights", true) }),
        new(
            "scale_attn_by_inverse_layer_idx", c => c.ScalesAttentionByLayer,
            (c, file) => c with { ScalesAttentionByLayer = file.Flag("scale_attn_by_inverse_layer_idx", false) }),
        ConfigKey.TiesHead("tie_word_embeddings", otherwise: true),
        // reorder_and_upcast_attn asks for float32 attention, which is what all of this engine computes in.
    ];

    /// <summary>Whether maps are stored <c>[out,in]</c>, by the shape of <see cref="FirstMap"/>: it is no square.</summary>
    public static bool IsOutIn(ModelConfig config, IReadOnlyList<long>? firstMap) =>
        config.ModelType == "gpt2" && firstMap is [var rows, var columns] && rows == 3L * config.NEmbd && columns == config.NEmbd;

    /// <inheritdoc/>
    public override CausalLm Build(ModelConfig config, IWeights weights)
    {
        (int C, int inner) = (config.NEmbd, config.NInner);
        bool isOutIn = IsOutIn(config, weights.ShapeOf(FirstMap));
        bool leavesBiasesOut = isOutIn && !weights.Has("ln_f.bias");
        Variable tokens = TokenTable(config, weights);
        var positions = weights.Matrix("wpe.weight", config.NPositions, C);
        var blocks = new Block[config.NLayer];
        for (int l = 0; l < blocks.Length; l++)
        {
            blocks[l] = new Block(
                NormOf($"h.{l}.ln_1"),
                new AttentionWeights(
                    config.NHead, Linear($"h.{l}.attn.c_attn", C, 3 * C), Linear($"h.{l}.attn.c_proj", C, C), config.AttentionScale(l)),
                NormOf($"h.{l}.ln_2"),
                new MlpWeights(Linear($"h.{l}.mlp.c_fc", C, inner), Linear($"h.{l}.mlp.c_proj", inner, C), config.Activation));
        }

        return new CausalLm(
            config, tokens, positions, blocks, NormOf("ln_f"), Head(config, weights, tokens), HeadBias(config, weights));

        LinearWeights Linear(string name, int inputs, int outputs)
        {
            (Tensor matrix, bool isSoHeld) = isOutIn
                ? weights.TurnedMap($"{name}.weight", inputs, outputs)
                : (weights.Matrix($"{name}.weight", inputs, outputs), false);
            return new LinearWeights([matrix], Bias(name, outputs), isSoHeld);
        }

        NormWeights NormOf(string name) => new(weights.Vector($"{name}.weight", C), Bias(name, C), config.LayerNormEpsilon);

        Variable Bias(string name, int length) =>
            leavesBiasesOut ? weights.Device.From(new float[length], length) : weights.Vector($"{name}.bias", length);
    }

    private static ModelConfig Size(int layers, int width, int heads) => new()
    {
        ModelType = "gpt2",
        NEmbd = width,
        NLayer = layers,
        NHead = heads,
        NPositions = 1024,
        VocabSize = 50257,
        NInner = 4 * width,
    };
}
