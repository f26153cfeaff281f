using System.Reflection;
using System.Text.Json;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>
/// Settings that were published for a model, or found for it by trying: one JSON file per model beside the method, which travels
/// within the program.
/// </summary>
/// <param name="ModelType">The model's family, as its config.json says it.</param>
/// <param name="NEmbd">C.</param>
/// <param name="NLayer">L.</param>
/// <param name="Origin">Where the numbers come from.</param>
/// <param name="Settings">Settings of each variant of the method, by the variant's name.</param>
public sealed record SettingsPreset(
    string ModelType, int NEmbd, int NLayer, string Origin, IReadOnlyDictionary<string, JsonElement> Settings)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        TypeInfoResolver = EditingJson.Default,
    };

    /// <summary>All presets of a method, in the order of their files' names.</summary>
    /// <param name="method">The method's name.</param>
    public static IReadOnlyList<SettingsPreset> All(string method)
    {
        Assembly assembly = typeof(SettingsPreset).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith($"presets/{method}/", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(Read)];

        SettingsPreset Read(string name)
        {
            using Stream file = assembly.GetManifestResourceStream(name)!;
            return JsonSerializer.Deserialize(file, Options.InfoOf<SettingsPreset>())!;
        }
    }

    /// <summary>The variants of a method that presets name; none where it has no presets.</summary>
    /// <param name="method">The method's name.</param>
    public static IReadOnlyList<string> Variants(string method) =>
        [.. All(method).SelectMany(preset => preset.Settings.Keys).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>
    /// The settings for a model: those of its own preset, or else those of the largest model of its family, or of any, with the block at
    /// the same fraction of the depth.
    /// </summary>
    /// <param name="method">The method's name.</param>
    /// <param name="variant">The variant.</param>
    /// <param name="config">The model's architecture.</param>
    /// <param name="layerOf">The block that settings name.</param>
    /// <param name="at">The same settings for another block.</param>
    /// <exception cref="InputException">The method has no such variant.</exception>
    public static T For<T>(string method, string variant, ModelConfig config, Func<T, int> layerOf, Func<T, int, T> at)
        where T : EditSettings
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(layerOf);
        ArgumentNullException.ThrowIfNull(at);
        SettingsPreset[] known = [.. All(method).Where(preset => preset.Settings.ContainsKey(variant))];
        if (known.Length == 0)
        {
            throw new InputException(
                $"Method {method} has no variant {Quoted.Text(variant)}, expected one of {string.Join(", ", Variants(method))}.");
        }

        SettingsPreset nearest = known
            .OrderByDescending(preset => preset.ModelType == config.ModelType)
            .ThenByDescending(preset => preset.NEmbd == config.NEmbd && preset.NLayer == config.NLayer)
            .ThenByDescending(preset => (long)preset.NEmbd * preset.NLayer).First();
        var settings = (T)EditSettings.Parse(method, nearest.Settings[variant].GetRawText());
        return nearest.NLayer == config.NLayer ? settings : at(settings, layerOf(settings) * config.NLayer / nearest.NLayer);
    }
}
