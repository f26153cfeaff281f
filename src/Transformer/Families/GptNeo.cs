using System.Text.Json.Nodes;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Transformer.Families;

/// <summary>
/// GPT-Neo (Black et al. 2021): as GPT-2, but scores are not scaled, every other block sees only the last few positions,
/// queries, keys and values come from a matrix each without bias, and weights are stored <c>[out,in]</c>.
/// </summary>
internal sealed class GptNeo : Family
{
    /// <inheritdoc/>
    public override string ModelType => "gpt_neo";

    /// <inheritdoc/>
    public override string Architecture => "GPTNeoForCausalLM";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, ModelConfig> Sizes { get; } = new OrderedDictionary<string, ModelConfig>
    {
        ["gpt-neo-125m"] = Size(layers: 12, width: 768, heads: 12),
        ["gpt-neo-1.3b"] = Size(layers: 24, width: 2048, heads: 16),
        ["gpt-neo-2.7b"] = Size(layers: 32, width: 2560, heads: 20),
    };

    /// <inheritdoc/>
    protected override IReadOnlyList<ConfigKey> Keys { get; } =
    [
        ConfigKey.NEmbd("hidden_size"),
        ConfigKey.NLayer("num_layers"),
        ConfigKey.NHead("num_heads"),
        ConfigKey.NInner("intermediate_size"),
        ConfigKey.NPositions("max_position_embeddings"),
        ConfigKey.VocabSize("vocab_size"),
        ConfigKey.LayerNormEpsilon("layer_norm_epsilon"),
        ConfigKey.Activation("activation_function"),
        new("window_size", c => Math.Max(1, c.Windows.DefaultIfEmpty().Max()), Read: null),
        new(
            "attention_types", c => new JsonArray(new JsonArray(Kinds(c), 1)),
            (c, file) => c with { Windows = ReadWindows(file, c.NLayer) }),
        new("attention_layers", Kinds, Read: null),
        ConfigKey.TiesHead("tie_word_embeddings", otherwise: true),
    ];

    /// <inheritdoc/>
    public override CausalLm Build(ModelConfig config, IWeights weights)
    {
        (int C, int inner) = (config.NEmbd, config.NInner);
        Variable tokens = TokenTable(config, weights);
        Tensor positions = weights.Matrix("wpe.weight", config.NPositions, C);
        var blocks = new Block[config.NLayer];
        for (int l = 0; l < blocks.Length; l++)
        {
            string attention = $"h.{l}.attn.attention";
            blocks[l] = new Block(
                Norm(config, weights, $"h.{l}.ln_1"),
                new AttentionWeights(
                    config.NHead, SeparateQkv(weights, attention, C), OutIn(weights, $"{attention}.out_proj", C, C, hasBias: true),
                    config.AttentionScale(l), config.Window(l)),
                Norm(config, weights, $"h.{l}.ln_2"),
                new MlpWeights(
                    OutIn(weights, $"h.{l}.mlp.c_fc", C, inner, hasBias: true),
                    OutIn(weights, $"h.{l}.mlp.c_proj", inner, C, hasBias: true), config.Activation));
        }

        return new CausalLm(
            config, tokens, positions, blocks, Norm(config, weights, "ln_f"), Head(config, weights, tokens), HeadBias(config, weights));
    }

    private static JsonArray Kinds(ModelConfig config) =>
        new([.. Enumerable.Range(0, config.NLayer).Select(l => JsonValue.Create(config.Window(l) == 0 ? "global" : "local"))]);

    /// <summary>
    /// One window per block: <c>attention_types</c> says it as runs, <c>[[["global","local"],12]]</c>, which older files
    /// spell out in <c>attention_layers</c> besides. Other programs go by the one or the other, so that the two must agree.
    /// </summary>
    private static List<int> ReadWindows(JsonPart file, int layers)
    {
        int window = file.OptionalSize("window_size") ?? 256;
        List<int>? byTypes = null, byLayers = null;
        if (file.Find("attention_types") is { } types) byTypes = Whole(types, types.Elements().SelectMany(Run));
        if (file.Find("attention_layers") is { } spelt) byLayers = Whole(spelt, spelt.Elements().Select(Window));
        if (byTypes is not null && byLayers is not null
            && byTypes.Zip(byLayers).ToList().FindIndex(pair => pair.First != pair.Second) is >= 0 and var block)
            throw new InputException(
                $"{file.Where}: attention_types and attention_layers disagree about block {block}, expected the same of both.",
                "keep the one that the model was trained with.");
        return byTypes ?? byLayers ?? throw new InputException(
            $"{file.Where} has neither attention_types nor attention_layers, expected which blocks see only the last positions.");

        List<int> Whole(JsonPart kinds, IEnumerable<int> windows)
        {
            List<int> all = [.. windows.Take(layers + 1)];
            string named = all.Count > layers ? $"more than {layers}" : $"{all.Count}";
            return all.Count == layers
                ? all : throw new InputException($"{kinds.Where} names {named} blocks, expected {layers}.");
        }

        IEnumerable<int> Run(JsonPart run)
        {
            if (run.Elements().ToArray() is not [var pattern, var count] || count.AsWhole(0, layers) is not { } times)
                throw run.Unexpected("[[\"global\" or \"local\", …], how often]");
            int[] windows = [.. pattern.Elements().Select(Window)];
            return Enumerable.Repeat(windows, times).SelectMany(window => window);
        }

        int Window(JsonPart kind) => kind.AsText() switch
        {
            "global" => 0,
            "local" => window,
            _ => throw kind.Unexpected("\"global\" or \"local\""),
        };
    }

    private static ModelConfig Size(int layers, int width, int heads) => new()
    {
        ModelType = "gpt_neo",
        NEmbd = width,
        NLayer = layers,
        NHead = heads,
        NPositions = 2048,
        VocabSize = 50257,
        NInner = 4 * width,
        ScalesAttention = false,
        Windows = [.. Enumerable.Range(0, layers).Select(l => l % 2 == 0 ? 0 : 256)],
    };
}
