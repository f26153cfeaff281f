using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Transformer.Families;

/// <summary>
/// GPT-J (Wang &amp; Komatsuzaki 2021): attention and MLP read the same layer norm side by side, positions turn the first
/// channels of each head instead of being added, the head is a matrix of its own with a bias, and weights are stored
/// <c>[out,in]</c>. The published vocabulary of 50,400 rows is larger than the tokenizer's 50,257 tokens.
/// </summary>
internal sealed class GptJ : Family
{
    // A table of learnt positions would be in the file; this one is made, as large as config.json claims. GPT-J's has 2^17 numbers.
    private const long MaxAngles = 1 << 26;

    /// <inheritdoc/>
    public override string ModelType => "gptj";

    /// <inheritdoc/>
    public override string Architecture => "GPTJForCausalLM";

    /// <inheritdoc/>
    public override bool HasHeadBias => true;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, ModelConfig> Sizes { get; } = new OrderedDictionary<string, ModelConfig>
    {
        ["gpt-j-6b"] = new()
        {
            ModelType = "gptj",
            NEmbd = 4096,
            NLayer = 28,
            NHead = 16,
            NPositions = 2048,
            VocabSize = 50400,
            NInner = 16384,
            RotaryDim = 64,
            TiesHead = false,
        },
    };

    /// <inheritdoc/>
    protected override IReadOnlyList<ConfigKey> Keys { get; } =
    [
        ConfigKey.NEmbd("n_embd"),
        ConfigKey.NLayer("n_layer"),
        ConfigKey.NHead("n_head"),
        ConfigKey.NInner("n_inner"),
        ConfigKey.NPositions("n_positions"),
        ConfigKey.VocabSize("vocab_size"),
        new("rotary_dim", c => c.RotaryDim, ReadRotation),
        ConfigKey.LayerNormEpsilon("layer_norm_epsilon"),
        ConfigKey.Activation("activation_function"),
        ConfigKey.TiesHead("tie_word_embeddings", otherwise: false),
    ];

    /// <inheritdoc/>
    public override CausalLm Build(ModelConfig config, IWeights weights)
    {
        (int C, int inner) = (config.NEmbd, config.NInner);
        CheckAngles(config, ModelType);
        Variable tokens = TokenTable(config, weights);
        Tensor rotary = RotaryTable.Of(weights.Device, config.NPositions, config.RotaryDim);
        var blocks = new Block[config.NLayer];
        for (int l = 0; l < blocks.Length; l++)
        {
            string attention = $"h.{l}.attn";
            blocks[l] = new Block(
                Norm(config, weights, $"h.{l}.ln_1"),
                new AttentionWeights(
                    config.NHead, SeparateQkv(weights, attention, C), OutIn(weights, $"{attention}.out_proj", C, C, hasBias: false),
                    config.AttentionScale(l), Rotary: rotary),
                Norm2: null,
                new MlpWeights(
                    OutIn(weights, $"h.{l}.mlp.fc_in", C, inner, hasBias: true),
                    OutIn(weights, $"h.{l}.mlp.fc_out", inner, C, hasBias: true), config.Activation));
        }

        NormWeights final = Norm(config, weights, "ln_f");
        return new CausalLm(
            config, tokens, PositionTable: null, blocks, final, Head(config, weights, tokens), HeadBias(config, weights));
    }

    private static ModelConfig ReadRotation(ModelConfig config, JsonPart file)
    {
        config = config with { RotaryDim = file.OptionalSize("rotary_dim") ?? 64 };
        int head = config.NEmbd / config.NHead;
        if (config.RotaryDim % 2 != 0 || config.RotaryDim > head)
        {
            string stated = file.Find("rotary_dim") is null ? "not stated, which means" : "is";
            throw new InputException(
                $"{file.Where}: rotary_dim {stated} {config.RotaryDim}, expected an even number up to the {head} channels of a head.");
        }

        CheckAngles(config, file.Where);
        return config;
    }

    private static void CheckAngles(ModelConfig config, string where)
    {
        long angles = (long)config.NPositions * config.RotaryDim;
        if (angles > MaxAngles)
        {
            throw new InputException($"{where}: n_positions {config.NPositions} by rotary_dim {config.RotaryDim} are {angles} numbers "
                + $"for the angles, expected at most {MaxAngles}.");
        }
    }
}
