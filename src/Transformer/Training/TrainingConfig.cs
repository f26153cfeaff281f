using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Families;

namespace Sharpformer.Transformer.Training;

/// <summary>What a training configuration file says: settings, and for a model from scratch its shape.</summary>
/// <param name="Name">The file; null where there is none.</param>
/// <param name="Plan">Its settings, defaults where it has none.</param>
/// <param name="Shape">Its <c>model</c>: a published size's name, or an object as the family's <c>config.json</c>.</param>
public sealed record TrainingConfig(string? Name, TrainingPlan Plan, JsonNode? Shape)
{
    private const string ModelKey = "model", VocabularyKey = "vocab_size", Hint = "it says how to train, see docs/training.md.";

    // What a command line says of one run, and a file of settings for many does not.
    private static readonly string[] OptionsOnly =
        ["text", "evaluate", "output", "from", "tokenizer", "resume", "device", "threads", "gpuGemm", "json", "config"];

    /// <summary>Reads a file.</summary>
    /// <exception cref="InputException">It is missing, no JSON, or has a key or a value that means nothing.</exception>
    public static TrainingConfig Load(string path) => JsonPart.Read(path, Hint, file =>
    {
        var plan = new TrainingPlan();
        JsonNode? shape = null;
        string[] known = [ModelKey, .. TrainingKeys.All.Select(key => key.Name)];
        foreach ((string name, JsonPart value) in file.Members())
        {
            if (name == ModelKey) shape = JsonNode.Parse(value.Value.GetRawText());
            else if (TrainingKeys.All.FirstOrDefault(key => key.Name == name) is { } key) plan = key.With(plan, value);
            else if (OptionsOnly.Contains(name))
                throw new InputException($"{file.Where} has the key \"{name}\", which is an option only.", "say it on the command line.");
            else throw Unknown(file, name, known);
        }

        return new TrainingConfig(path, plan, shape);
    }, mend: "mend it there.");

    /// <summary>The error that it has no shape.</summary>
    internal InputException NoShape() => Name is null
        ? new(
            "Neither a configuration nor a model is named, expected one of the two to say which model to train.",
            "--config names a file with its shape, --from a model folder to go on from.")
        : new(
            $"{Name} has no \"{ModelKey}\", expected the shape of a model.",
            "give a published size as \"gpt2\", or the keys of a config.json; or go on from a model with --from.");

    /// <summary>The shape of a model from scratch.</summary>
    /// <param name="vocabulary">How many tokens the tokenizer has: <c>vocab_size</c> where the file leaves it out.</param>
    /// <exception cref="InputException">There is none, or it describes no model that this engine runs.</exception>
    public ModelConfig ModelOf(int vocabulary)
    {
        if (Shape is null) throw NoShape();
        string where = $"{Name}: {ModelKey}";
        if (Shape is JsonValue name)
        {
            return JsonPart.Of(where, name, part => PublishedSizes.All.TryGetValue(part.AsText(), out ModelConfig? published)
                ? published
                : throw new InputException(
                    $"{where} is {Quoted.Text(part.AsText())}, expected an object or one of {string.Join(", ", PublishedSizes.All.Keys)}."
                        + Nearest.Question(part.AsText(), PublishedSizes.All.Keys)));
        }

        JsonNode shape = Shape.DeepClone();
        if (shape is JsonObject keys && !keys.ContainsKey(VocabularyKey)) keys[VocabularyKey] = vocabulary;
        return JsonPart.Of(where, shape, part =>
        {
            ModelConfig config = ModelConfig.Read(part);
            string[] known = ["model_type", .. Family.Of(config).KeyNames];
            foreach ((string key, _) in part.Members())
                if (!known.Contains(key) && !PublishedKeys.Has(key)) throw Unknown(part, key, known);
            return config;
        });
    }

    private static InputException Unknown(JsonPart file, string name, string[] known) => new(
        $"{file.Where} has the unknown key {Quoted.Text(name)}, expected some of {string.Join(", ", known)}."
            + Nearest.Question(name, known));
}
