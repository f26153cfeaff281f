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
    public override ModelConfig Read(JsonPart file) => new()
    {
        ModelType = ModelType,
        NEmbd = file.Size("hidden_size"),
        NLayer = file.Size("num_layers", 4096),
        NHead = file.Size("num_heads"),
        NPositions = file.Size("max_position_embeddings"),
        VocabSize = file.Size("vocab_size"),
        NInner = file.OptionalSize("intermediate_size") ?? 4 * file.Size("hidden_size"),
        LayerNormEpsilon = file.Epsilon("layer_norm_epsilon"),
        Activation = file.ActivationOf("activation_function"),
        ScalesAttention = false,
        Windows = ReadWindows(file),
        TiesHead = file.Flag("tie_word_embeddings", true),
    };

    /// <inheritdoc/>
    public override JsonObject Write(ModelConfig config)
    {
        string[] kinds = [.. Enumerable.Range(0, config.NLayer).Select(l => config.Window(l) == 0 ? "global" : "local")];
        return new()
        {
            ["hidden_size"] = config.NEmbd,
            ["num_layers"] = config.NLayer,
            ["num_heads"] = config.NHead,
            ["intermediate_size"] = config.NInner,
            ["max_position_embeddings"] = config.NPositions,
            ["vocab_size"] = config.VocabSize,
            ["layer_norm_epsilon"] = config.LayerNormEpsilon,
            ["activation_function"] = config.Activation.Name(),
            ["window_size"] = Math.Max(1, config.Windows.DefaultIfEmpty().Max()),
            ["attention_types"] = new JsonArray(new JsonArray(new JsonArray([.. kinds.Select(kind => JsonValue.Create(kind))]), 1)),
            ["attention_layers"] = new JsonArray([.. kinds.Select(kind => JsonValue.Create(kind))]),
            ["tie_word_embeddings"] = config.TiesHead,
        };
    }

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
                    OutIn(weights, $"h.{l}.mlp.c_fc", C, inner, hasBias: true), OutIn(weights, $"h.{l}.mlp.c_proj", inner, C, hasBias: true), config.Activation));
        }

        return new CausalLm(config, tokens, positions, blocks, Norm(config, weights, "ln_f"), Head(config, weights, tokens));
    }

    /// <summary>
    /// One window per block: <c>attention_types</c> says it as runs, <c>[[["global","local"],12]]</c>, which older files
    /// spell out in <c>attention_layers</c> besides.
    /// </summary>
    private static List<int> ReadWindows(JsonPart file)
    {
        int layers = file.Size("num_layers", 4096), window = file.OptionalSize("window_size") ?? 256;
        JsonPart kinds = file.Find("attention_types") ?? file.Find("attention_layers")
            ?? throw new InputException($"{file.Where} has neither attention_types nor attention_layers, expected which blocks see only the last positions.");
        var windows = new List<int>();
        if (kinds.Name == "attention_layers") windows.AddRange(kinds.Elements().Select(Window));
        else
            foreach (JsonPart run in kinds.Elements())
            {
                if (run.Elements().ToArray() is not [var pattern, var count] || count.AsWhole(0, layers) is not { } times)
                    throw run.Unexpected("[[\"global\" or \"local\", …], how often]");
                for (int i = 0; i < times && windows.Count <= layers; i++) windows.AddRange(pattern.Elements().Select(Window));
            }

        return windows.Count == layers ? windows : throw new InputException($"{kinds.Where} names {windows.Count} blocks, expected {layers}.");

        int Window(JsonPart kind) => kind.AsText() switch { "global" => 0, "local" => window, _ => throw kind.Unexpected("\"global\" or \"local\"") };
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
