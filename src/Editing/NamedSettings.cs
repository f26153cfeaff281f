using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>
/// Settings by their names, as they are stored and as a user writes them: <c>lambda</c>, <c>learningRate</c>. Every method's can be named
/// so, one that was written elsewhere too.
/// </summary>
public static class NamedSettings
{
    /// <summary>The names of a method's settings, in the record's order.</summary>
    /// <exception cref="InputException">There is no such method.</exception>
    public static IReadOnlyList<string> NamesOf(string method) =>
        [.. Properties(EditorCatalog.Named(method).SettingsType).Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name))];

    /// <summary>Settings with some of them replaced.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="named">New values by name.</param>
    /// <param name="config">The architecture of the model that they are for: its blocks are known.</param>
    /// <param name="source">Where the values were found, for messages: a file, or an option.</param>
    /// <param name="place">The place of all of them there; empty for none.</param>
    /// <exception cref="InputException">One is no setting of the method, of another kind, or out of range.</exception>
    public static EditSettings With(EditSettings settings, JsonElement named, ModelConfig config, string source, string place = "")
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(config);
        JsonObject merged = Values(settings);
        foreach (JsonProperty setting in named.EnumerateObject())
        {
            string name = place.Length == 0 ? Quoted.Bare(setting.Name) : $"{place}.{Quoted.Bare(setting.Name)}";
            if (Properties(settings.GetType()).FirstOrDefault(IsNamed) is not { } property)
            {
                throw new InputException(
                    $"{source}: {name} is no setting of method {settings.Method}, expected one of "
                        + $"{string.Join(", ", merged.Select(s => s.Key))}.");
            }

            if (Misfit(property.PropertyType, setting, config) is { } expected)
                throw new JsonPart(source, name, setting.Value).Unexpected(expected);
            merged[setting.Name] = JsonNode.Parse(setting.Value.GetRawText());

            bool IsNamed(PropertyInfo one) => JsonNamingPolicy.CamelCase.ConvertName(one.Name) == setting.Name;
        }

        return EditSettings.Parse(settings.Method, merged.ToJsonString());
    }

    /// <summary>Settings by name.</summary>
    internal static JsonObject Values(EditSettings settings) => JsonNode.Parse(settings.ToJson())!.AsObject();

    private static IEnumerable<PropertyInfo> Properties(
        [DynamicallyAccessedMembers(EditSettings.Accessed)] Type settings) =>
        settings.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite && property.DeclaringType != typeof(EditSettings));

    /// <summary>What is expected instead of a value; null where it will do.</summary>
    private static string? Misfit(Type type, JsonProperty setting, ModelConfig config)
    {
        Type? optional = Nullable.GetUnderlyingType(type);
        JsonValueKind kind = setting.Value.ValueKind;
        if (kind == JsonValueKind.Null && optional is not null) return null;
        type = optional ?? type;
        if (type == typeof(bool)) return kind is JsonValueKind.True or JsonValueKind.False ? null : "true or false";
        if (type == typeof(string)) return kind == JsonValueKind.String ? null : "a text";
        if (kind != JsonValueKind.Number || !IsInRange(setting.Name, setting.Value.GetDouble(), config)) return Range(setting.Name, config);
        object? most = type == typeof(int) && !setting.Value.TryGetInt32(out _) ? int.MaxValue
            : type == typeof(ulong) && !setting.Value.TryGetUInt64(out _) ? ulong.MaxValue
            : null;
        return most is null ? null : FormattableString.Invariant($"a whole number, {most} at most");
    }

    private static bool IsInRange(string name, double number, ModelConfig config) => name switch
    {
        "layer" or "lossLayer" => number >= 0 && number < config.NLayer,
        "theta" or "laterTheta" => number is > 0 and < 1,
        "ownShare" or "overlap" or "maskShare" or "mergeDensity" => number is >= 0 and <= 1,
        "activeShare" => number is > 0 and <= 1,
        "negatives" => number is >= 1 and <= 100,
        "labelSmoothing" or "beta1" or "beta2" => number is >= 0 and < 1,
        "alpha" => number != 0 && Math.Abs(number) <= float.MaxValue,
        "epochs" => number is >= 1 and <= 100_000,
        "learningRate" or "epsilon" => number > 0 && number <= float.MaxValue,
        "seed" => number >= 0,
        _ => number >= 0 && number <= float.MaxValue,
    };

    private static string Range(string name, ModelConfig config) => name switch
    {
        "layer" or "lossLayer" => $"a block from 0 to {config.NLayer - 1}",
        "theta" or "laterTheta" => "a number between 0 and 1, both exclusive",
        "ownShare" or "overlap" or "maskShare" or "mergeDensity" => "a number from 0 to 1",
        "activeShare" => "a number above 0, 1 at most",
        "negatives" => "a whole number from 1 to 100",
        "labelSmoothing" or "beta1" or "beta2" => "a number from 0, below 1",
        "alpha" => "a finite number other than 0",
        "epochs" => "a whole number from 1 to 100000",
        "learningRate" or "epsilon" => "a finite number above 0",
        _ => "a finite number from 0",
    };
}
