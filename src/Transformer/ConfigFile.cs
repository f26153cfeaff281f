using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>A <c>config.json</c>, whose every value is checked when it is asked for.</summary>
internal sealed class ConfigFile
{
    private readonly JsonObject json;
    private readonly string path;

    private ConfigFile(JsonObject json, string path) => (this.json, this.path) = (json, path);

    /// <summary>Reads the file of a model folder.</summary>
    /// <exception cref="InputException">It is missing, unreadable or no JSON object.</exception>
    public static ConfigFile Load(string folder)
    {
        if (!Directory.Exists(folder))
            throw new InputException($"{folder}: no such folder, expected a model folder with config.json and weights.");
        string path = Path.Combine(folder, "config.json");
        if (!File.Exists(path))
            throw new InputException($"{path}: no such file.", "a model folder holds config.json, weights (model.safetensors) and a tokenizer.");
        try
        {
            // Otherwise a key that appears twice is noticed only when a value is asked for, as an ArgumentException.
            var strict = new JsonDocumentOptions { AllowDuplicateProperties = false };
            byte[] bytes = Encoding.UTF8.GetBytes(File.ReadAllText(path)); // which drops a byte order mark
            DecodeTexts(bytes);
            JsonObject json = JsonNode.Parse(bytes, documentOptions: strict) as JsonObject
                ?? throw new InputException($"{path}: expected a JSON object.");
            return new ConfigFile(json, path);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException($"{path}: not valid JSON ({Quoted.Position(e)}).", inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", inner: e);
        }
    }

    /// <summary>Whether the key is there and not null.</summary>
    public bool Has(string key) => json[key] is not null;

    /// <summary>A size: at least 1, and at most more than any real model has, so that a typing error is told as one.</summary>
    public int Size(string key, int most = 1 << 24) => OptionalWhole(key, 1, most) ?? throw Unexpected(key, $"a whole number from 1 to {most}");

    /// <summary>The same, or another value where the file states none.</summary>
    public int Size(string key, Func<int> fallback) => Has(key) ? Size(key) : fallback();

    /// <summary>A token id; null where the file states none.</summary>
    public int? TokenId(string key) => OptionalWhole(key, 0, int.MaxValue, "a token id");

    /// <summary>A yes or no, with the value that holds where the file states none.</summary>
    public bool Flag(string key, bool fallback)
    {
        if (!Has(key)) return fallback;
        return json[key] is JsonValue value && value.TryGetValue(out bool flag) ? flag : throw Unexpected(key, "true or false");
    }

    /// <summary>A text; null where the file states none.</summary>
    public string? Text(string key)
    {
        if (!Has(key)) return null;
        return json[key] is JsonValue value && value.TryGetValue(out string? text) ? text : throw Unexpected(key, "a text");
    }

    /// <summary>The ε of layer norms.</summary>
    public float Epsilon(string key)
    {
        if (!Has(key)) return 1e-5f;
        return json[key] is JsonValue value && value.TryGetValue(out float epsilon) && epsilon is > 0 and < 1
            ? epsilon
            : throw Unexpected(key, "a number between 0 and 1");
    }

    /// <summary>The MLP's activation.</summary>
    public Activation Activation(string key)
    {
        string name = Text(key) ?? "gelu_new";
        return ModelConfig.ActivationNames.TryGetValue(name, out Activation activation)
            ? activation
            : throw new InputException($"{path}: {key} is {name}, supported: {string.Join(", ", ModelConfig.ActivationNames.Keys)}.");
    }

    /// <summary>A list; null where the file states none.</summary>
    public JsonArray? List(string key)
    {
        if (!Has(key)) return null;
        return json[key] as JsonArray ?? throw Unexpected(key, "a list");
    }

    /// <summary>Says that a value is not what it should be.</summary>
    public InputException Unexpected(string key, string expected) =>
        new($"{path}: {key} is {json[key]?.ToJsonString() ?? "missing"}, expected {expected}.");

    /// <summary>Half a surrogate pair, which no text can hold, would otherwise be noticed only when its value is asked for.</summary>
    private static void DecodeTexts(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName) _ = reader.GetString();
    }

    private int? OptionalWhole(string key, int least, int most, string? what = null)
    {
        if (!Has(key)) return null;
        return json[key] is JsonValue value && value.TryGetValue(out int number) && number >= least && number <= most
            ? number
            : throw Unexpected(key, what ?? $"a whole number from {least} to {most}");
    }
}
