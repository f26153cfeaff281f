using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>
/// What changes a model's answers beside its weights and its vocabulary. It is taken from what the files mean, not from their text: their
/// order, white space and whatever else they say make no other model, and <c>sharpformer.json</c> does not count.
/// </summary>
public static class ModelConfiguration
{
    /// <summary>One JSON object on one line, names in a fixed order; the same text is the same configuration.</summary>
    /// <param name="config">The model's architecture.</param>
    /// <param name="tokenizer">How its texts become tokens; null where it has no tokenizer.</param>
    public static string Of(ModelConfig config, Tokenizer? tokenizer)
    {
        ArgumentNullException.ThrowIfNull(config);
        var all = new JsonObject
        {
            ["modelType"] = config.ModelType,
            ["nLayer"] = config.NLayer,
            ["nHead"] = config.NHead,
            ["nInner"] = config.NInner,
            ["nPositions"] = config.NPositions,
            ["layerNormEpsilon"] = config.LayerNormEpsilon,
            ["activation"] = config.Activation.ToString(),
            ["scalesAttention"] = config.ScalesAttention,
            ["scalesAttentionByLayer"] = config.ScalesAttentionByLayer,
            ["windows"] = new JsonArray([.. config.Windows.Select(window => (JsonNode)window)]),
            ["rotaryDim"] = config.RotaryDim,
            ["tiesHead"] = config.TiesHead,
        };
        if (tokenizer is not null)
        {
            all["bosTokenId"] = tokenizer.BosId;
            all["eosTokenId"] = tokenizer.EosId;
            foreach ((string name, JsonNode? value) in JsonNode.Parse(tokenizer.Settings)!.AsObject().ToArray())
                all[$"tokenizer.{name}"] = value?.DeepClone();
        }

        return all.ToJsonString(JsonSerializerOptions.Default);
    }
}
