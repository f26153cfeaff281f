using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary>How results become JSON: camelCase names, readable characters, null for what is not finite, no rounding noise.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // no web page; for terminals see Of
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new FiniteDouble(), new FiniteSingle() },
    };

    /// <summary>One document, on one line, that does not command a terminal it is shown on.</summary>
    /// <param name="value">The result.</param>
    /// <param name="run">Becomes the last property of a result that is an object; null adds none.</param>
    public static string Of(object value, object? run = null)
    {
        string json = Serialized(value);
        if (run is null || json[0] != '{') return json;
        string comma = json.Length > 2 ? "," : "";
        return $"{json[..^1]}{comma}\"run\":{Serialized(run)}}}";
    }

    private static string Serialized(object value) =>
        VisibleText.InJson(JsonSerializer.Serialize(value, value.GetType(), Options));

    private sealed class FiniteDouble : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value)) writer.WriteNumberValue(WithoutNoise(value));
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
    }

    private sealed class FiniteSingle : JsonConverter<float>
    {
        public override float Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetSingle();

        public override void Write(Utf8JsonWriter writer, float value, JsonSerializerOptions options)
        {
            if (float.IsFinite(value)) writer.WriteNumberValue(value);
            else writer.WriteNullValue();
        }
    }
}
