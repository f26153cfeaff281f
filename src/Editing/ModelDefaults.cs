using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Reports;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>
/// <c>sharpformer.json</c> beside a model: the settings that suit it, where somebody has found better ones than the method's own.
/// <code>{"editing": {"ireva": {"alpha": 1, "theta": 0.85}}, "sentences": ["Anatole France was born in Paris"]}</code>
/// What it does not name stays as the method has it. It is no part of the model's identity: edits are stored with their settings.
/// </summary>
public sealed class ModelDefaults
{
    /// <summary>The file's name in the model folder.</summary>
    public const string FileName = "sharpformer.json";

    private const string Editing = "editing", Known = "sentences", Hint = "it says how this model is edited unless told otherwise.";

    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string path;
    private readonly Dictionary<string, JsonElement> settings = []; // by method

    private readonly List<string> sentences = [];

    private ModelDefaults(string path) => this.path = path;

    /// <summary>Reads the file of a model folder; without one nothing is named.</summary>
    /// <exception cref="InputException">It is there, and not as it should be.</exception>
    public static ModelDefaults Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        string path = Path.Combine(folder, FileName);
        var defaults = new ModelDefaults(path);
        if (!Path.Exists(path)) return defaults;
        return JsonPart.Read(path, Hint, file =>
        {
            foreach ((string key, JsonPart part) in file.Members())
            {
                if (key == Known)
                {
                    defaults.sentences.AddRange(part.Elements().Select(sentence => sentence.AsText()));
                    continue;
                }

                if (key != Editing)
                    throw new InputException($"{part.Where} is not known here, expected \"{Editing}\" or \"{Known}\".", Hint);
                foreach ((string method, JsonPart named) in part.Members())
                {
                    if (!EditorCatalog.All.Any(editor => editor.Name == method))
                    {
                        throw new InputException(
                            $"{named.Where}: there is no such method, expected one of "
                                + $"{string.Join(", ", EditorCatalog.All.Select(editor => editor.Name))}.");
                    }

                    if (named.Value.ValueKind != JsonValueKind.Object) throw named.Unexpected("an object with settings");
                    defaults.settings.Add(method, named.Value.Clone());
                }
            }

            return defaults;
        });
    }

    /// <summary>Writes the file, or a method's part of it; the others stay.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="settings">The settings that suit the model; those that are the method's own for it are left out.</param>
    /// <param name="config">The model's architecture.</param>
    /// <returns>The file's path.</returns>
    /// <exception cref="InputException">The file cannot be written, or what is there is not as it should be.</exception>
    public static string Write(string folder, EditSettings settings, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ModelDefaults there = Load(folder);
        JsonObject wanted = Properties(settings), own = Properties(EditorCatalog.Named(settings.Method).SettingsFor(config));
        var methods = new JsonObject();
        foreach ((string method, JsonElement named) in there.settings) methods[method] = JsonNode.Parse(named.GetRawText());
        methods[settings.Method] = new JsonObject(wanted
            .Where(setting => !JsonNode.DeepEquals(setting.Value, own[setting.Key]))
            .Select(setting => KeyValuePair.Create(setting.Key, setting.Value?.DeepClone())));
        var file = new JsonObject { [Editing] = methods };
        if (there.sentences.Count > 0) file[Known] = new JsonArray([.. there.sentences.Select(sentence => (JsonNode)sentence)]);
        ReportFile.Write(there.path, writer => writer.WriteLine(file.ToJsonString(Indented)));
        return there.path;
    }

    /// <summary>Texts that the model predicts well, by which one sees that it is not damaged; none unless named.</summary>
    public IReadOnlyList<string> Sentences => sentences;

    /// <summary>Whether the file says something about a method.</summary>
    public bool Names(string method) => settings.ContainsKey(method);

    /// <summary>A method's settings for the model: its own, but for those that the file names.</summary>
    /// <param name="method">The method.</param>
    /// <param name="config">The model's architecture.</param>
    /// <exception cref="InputException">There is no such method, or the file names what the method does not have or the model cannot
    /// do.</exception>
    public EditSettings SettingsFor(string method, ModelConfig config)
    {
        EditSettings own = EditorCatalog.Named(method).SettingsFor(config);
        if (!settings.TryGetValue(method, out JsonElement named)) return own;
        JsonObject merged = Properties(own);
        foreach (JsonProperty setting in named.EnumerateObject())
        {
            if (!merged.TryGetPropertyValue(setting.Name, out JsonNode? usual))
            {
                throw new InputException(
                    $"{path}: {Editing}.{method}.{Quoted.Bare(setting.Name)} is no setting of method {method}, expected one of "
                        + $"{string.Join(", ", merged.Select(s => s.Key))}.");
            }

            bool isLike = setting.Value.ValueKind == usual?.GetValueKind()
                || (setting.Value.ValueKind, usual?.GetValueKind())
                    is (JsonValueKind.True, JsonValueKind.False) or (JsonValueKind.False, JsonValueKind.True);
            var given = new JsonPart(path, $"{Editing}.{method}.{setting.Name}", setting.Value);
            if (!isLike || !IsInRange(setting.Name, setting.Value, config))
                throw given.Unexpected(Expected(setting.Name, usual, config));
            if (Misfit(own.GetType(), setting) is { } wanted) throw given.Unexpected(wanted);
            merged[setting.Name] = JsonNode.Parse(setting.Value.GetRawText());
        }

        return EditSettings.Parse(method, merged.ToJsonString());
    }

    private static JsonObject Properties(EditSettings settings) => JsonNode.Parse(settings.ToJson())!.AsObject();

    /// <summary>What a number should be that is none of its setting's type; null where it is one.</summary>
    private static string? Misfit(Type settings, JsonProperty setting)
    {
        const BindingFlags Flags = BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase;
        Type? type = settings.GetProperty(setting.Name, Flags)?.PropertyType;
        object? most = type == typeof(int) && !setting.Value.TryGetInt32(out _) ? int.MaxValue
            : type == typeof(ulong) && !setting.Value.TryGetUInt64(out _) ? ulong.MaxValue
            : null;
        return most is null ? null : FormattableString.Invariant($"a whole number, {most} at most");
    }

    private static bool IsInRange(string name, JsonElement value, ModelConfig config)
    {
        if (value.ValueKind != JsonValueKind.Number) return true;
        double number = value.GetDouble();
        return name switch
        {
            "layer" => number >= 0 && number < config.NLayer,
            "theta" => number is > 0 and < 1,
            "labelSmoothing" or "beta1" or "beta2" => number is >= 0 and < 1,
            "alpha" => number != 0 && Math.Abs(number) <= float.MaxValue,
            "epochs" => number is >= 1 and <= 100_000,
            "learningRate" or "epsilon" => number > 0 && number <= float.MaxValue,
            "seed" => number >= 0,
            _ => number >= 0 && number <= float.MaxValue,
        };
    }

    private static string Expected(string name, JsonNode? usual, ModelConfig config) => name switch
    {
        "layer" => $"a block from 0 to {config.NLayer - 1}",
        "theta" => "a number between 0 and 1, both exclusive",
        "labelSmoothing" or "beta1" or "beta2" => "a number from 0, below 1",
        "alpha" => "a finite number other than 0",
        "epochs" => "a whole number from 1 to 100000",
        "learningRate" or "epsilon" => "a finite number above 0",
        _ => usual?.GetValueKind() switch
        {
            JsonValueKind.Number => "a finite number from 0",
            JsonValueKind.True or JsonValueKind.False => "true or false",
            _ => "a text",
        },
    };
}
