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
    private const string Weights = "weights", Q8 = "q8";

    /// <summary>Whether a configuration is that of a model whose matrices are rounded to int8.</summary>
    internal static bool IsQ8(string configuration)
    {
        try
        {
            return JsonNode.Parse(configuration) is JsonObject all && all[Weights] is JsonValue form
                && form.TryGetValue(out string? text) && text == Q8;
        }
        catch (JsonException)
        {
            return false; // another program's, or damaged: whoever compares it says so
        }
    }

    /// <summary>One JSON object on one line, names in a fixed order; the same text is the same configuration.</summary>
    /// <param name="config">The model's architecture.</param>
    /// <param name="tokenizer">How its texts become tokens; null where it has no tokenizer.</param>
    /// <param name="isQ8">Whether its matrices are rounded to int8, on the disk or when they were loaded.</param>
    public static string Of(ModelConfig config, Tokenizer? tokenizer, bool isQ8 = false)
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

        if (isQ8) all[Weights] = Q8;
        return all.ToJsonString(JsonSerializerOptions.Default);
    }
}
