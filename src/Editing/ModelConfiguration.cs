using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Editing;

/// <summary>
/// What changes a model's answers beside its weights and its vocabulary. It is taken from what the files mean, not from their text: their
/// order, white space and whatever else they say make no other model, and <c>sharpformer.json</c> does not count.
/// </summary>
public static class ModelConfiguration
{
    private const string Weights = "weights", Q8 = "q8", Adapter = "adapter";

    /// <summary>One JSON object on one line, names in a fixed order; the same text is the same configuration.</summary>
    /// <param name="config">The model's architecture.</param>
    /// <param name="tokenizer">How its texts become tokens; null where it has no tokenizer.</param>
    /// <param name="isQ8">Whether its matrices are rounded to int8, on the disk or when they were loaded.</param>
    /// <param name="adapter">The hash of the adapter that is merged into it; null for none.</param>
    public static string Of(ModelConfig config, Tokenizer? tokenizer, bool isQ8 = false, string? adapter = null)
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

        foreach ((string name, JsonNode? value) in AboutWeights(isQ8, adapter).ToArray()) all[name] = value?.DeepClone();
        return all.ToJsonString(EditingJson.Default.Options);
    }

    /// <summary>The same where only the form of the weights and the adapter are known.</summary>
    public static string OfWeights(bool isQ8, string? adapter) => AboutWeights(isQ8, adapter).ToJsonString(EditingJson.Default.Options);

    /// <summary>Whether a configuration is that of a model whose matrices are rounded to int8.</summary>
    internal static bool IsQ8(string configuration) => TextIn(configuration, Weights) == Q8;

    /// <summary>The hash of the adapter that a configuration names; null for none.</summary>
    internal static string? AdapterIn(string? configuration) => configuration is null ? null : TextIn(configuration, Adapter);

    /// <summary>
    /// The first thing that is not the same, as both have it, in words; null for none. What only one of them names is of another program
    /// version.
    /// </summary>
    internal static string? Difference(string stored, string wanted)
    {
        try
        {
            Dictionary<string, JsonElement> made = Values(stored);
            Dictionary<string, JsonElement> here = Values(wanted);
            foreach ((string name, JsonElement was) in made)
            {
                if (!here.TryGetValue(name, out JsonElement now) || was.GetRawText() == now.GetRawText()) continue;
                return $"{Quoted.Bare(name)} was {Quoted.Bare(was.GetRawText())}, this model's is {Quoted.Bare(now.GetRawText())}";
            }

            return null;
        }
        catch (JsonException)
        {
            return $"{Quoted.Bare(stored)}, this model's is {Quoted.Bare(wanted)}";
        }
    }

    private static Dictionary<string, JsonElement> Values(string configuration) =>
        JsonSerializer.Deserialize(configuration, EditingJson.Default.DictionaryStringJsonElement) ?? [];

    private static JsonObject AboutWeights(bool isQ8, string? adapter)
    {
        var all = new JsonObject();
        if (isQ8) all[Weights] = Q8;
        if (adapter is not null) all[Adapter] = adapter;
        return all;
    }

    private static string? TextIn(string configuration, string name)
    {
        try
        {
            return JsonNode.Parse(configuration) is JsonObject all && all[name] is JsonValue value && value.TryGetValue(out string? text)
                ? text
                : null;
        }
        catch (JsonException)
        {
            return null; // another program's, or damaged: whoever compares it says so
        }
    }
}
