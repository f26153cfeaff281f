using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>How results become JSON: camelCase names, readable characters, null for what is not finite, no rounding noise.</summary>
internal static class JsonText
{
    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // no web page; for terminals see Of

    internal static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters =
        {
            new JsonStringEnumConverter<EditStatus>(JsonNamingPolicy.CamelCase),
            new JsonStringEnumConverter<ProbeKind>(JsonNamingPolicy.CamelCase),
            new JsonStringEnumConverter<StorePart>(JsonNamingPolicy.CamelCase),
            new JsonStringEnumConverter<Activation>(JsonNamingPolicy.CamelCase),
            new JsonStringEnumConverter<LeadingSpace>(JsonNamingPolicy.CamelCase),
            new FiniteDouble(),
            new FiniteSingle(),
        },
        TypeInfoResolver = CliJson.Default,
    };

    /// <summary>One document, on one line, that does not command a terminal it is shown on.</summary>
    /// <param name="value">The result.</param>
    /// <param name="run">Becomes the last property of a result that is an object; null adds none.</param>
    public static string Of(JsonNode value, JsonObject? run = null)
    {
        if (run is not null && value is JsonObject document) document.Add("run", run);
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = Encoder })) Write(writer, value);
        return VisibleText.InJson(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
    }

    /// <summary>A record of a type that <see cref="CliJson"/> names, with all its properties; null for none.</summary>
    [return: NotNullIfNotNull(nameof(value))]
    public static JsonNode? Record<T>(T? value) =>
        value is null ? null : JsonSerializer.SerializeToNode(value, (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T)))!;

    /// <summary>Settings as they are stored.</summary>
    public static JsonNode AsJson(this EditSettings settings) => JsonNode.Parse(settings.ToJson())!;

    /// <summary>A list of what is JSON already.</summary>
    public static JsonArray AsJson(this IEnumerable<JsonNode?> items) => new([.. items]);

    /// <summary>A list of texts.</summary>
    public static JsonArray AsJson(this IEnumerable<string?> items) => new([.. items.Select(item => (JsonNode?)item)]);

    /// <summary>A list of numbers.</summary>
    public static JsonArray AsJson(this IEnumerable<int> items) => new([.. items.Select(item => (JsonNode)item)]);

    /// <inheritdoc cref="AsJson(IEnumerable{int})"/>
    public static JsonArray AsJson(this IEnumerable<long> items) => new([.. items.Select(item => (JsonNode)item)]);

    /// <summary>Texts by name.</summary>
    public static JsonObject AsJson(this IEnumerable<KeyValuePair<string, string>> items) =>
        new(items.Select(item => KeyValuePair.Create(item.Key, (JsonNode?)item.Value)));

    /// <summary>Numbers by name.</summary>
    public static JsonObject AsJson(this IEnumerable<KeyValuePair<string, int>> items) =>
        new(items.Select(item => KeyValuePair.Create(item.Key, (JsonNode?)item.Value)));

    /// <summary>The word for one of several cases.</summary>
    public static string AsJson(this Enum value) => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static void Write(Utf8JsonWriter writer, JsonNode? node)
    {
        switch (node)
        {
            case null: writer.WriteNullValue(); break;
            case JsonObject named:
                writer.WriteStartObject();
                foreach ((string name, JsonNode? value) in named)
                {
                    writer.WritePropertyName(name);
                    Write(writer, value);
                }

                writer.WriteEndObject();
                break;
            case JsonArray list:
                writer.WriteStartArray();
                foreach (JsonNode? value in list) Write(writer, value);
                writer.WriteEndArray();
                break;
            case JsonValue value when value.TryGetValue(out JsonElement _): value.WriteTo(writer); break; // a number keeps its digits
            case JsonValue value when value.TryGetValue(out double number): Write(writer, number); break;
            case JsonValue value when value.TryGetValue(out float number): Write(writer, number); break;
            default: node.WriteTo(writer); break;
        }
    }

    private static void Write(Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value)) writer.WriteNumberValue(WithoutNoise(value));
        else writer.WriteNullValue();
    }

    private static void Write(Utf8JsonWriter writer, float value)
    {
        if (float.IsFinite(value)) writer.WriteNumberValue(value);
        else writer.WriteNullValue();
    }

    /// <summary>
    /// Where the 15 digits that every double holds end in zeros, what stands behind them is what arithmetic left, as in
    /// 0.30000000000000004. Any other number is written so that it reads back as the same double.
    /// </summary>
    private static double WithoutNoise(double value)
    {
        string text = value.ToString("E14", CultureInfo.InvariantCulture); // d.dddddddddddddde±xxx
        return text[..text.IndexOf('E')].EndsWith("00000", StringComparison.Ordinal)
            ? double.Parse(text, CultureInfo.InvariantCulture)
            : value;
    }

    private sealed class FiniteDouble : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) => JsonText.Write(writer, value);
    }

    private sealed class FiniteSingle : JsonConverter<float>
    {
        public override float Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetSingle();

        public override void Write(Utf8JsonWriter writer, float value, JsonSerializerOptions options) => JsonText.Write(writer, value);
    }
}
