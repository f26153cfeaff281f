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
        JsonObject wanted = NamedSettings.Values(settings);
        JsonObject own = NamedSettings.Values(EditorCatalog.Named(settings.Method).SettingsFor(config));
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
        return NamedSettings.With(own, named, config, path, $"{Editing}.{method}");
    }
}
