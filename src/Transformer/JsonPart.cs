using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Transformer;

/// <summary>
/// A value in a JSON file together with where it stands, so that whatever is wrong with it can be told in one sentence.
/// The null of JSON counts as absent, as it does for the programs that write these files.
/// </summary>
/// <param name="File">Path of the file.</param>
/// <param name="Name">Path of the value in the file, as in <c>model.vocab</c>; empty for the whole.</param>
/// <param name="Value">The value; lives as long as the reading of its file.</param>
internal readonly record struct JsonPart(string File, string Name, JsonElement Value)
{
    // Numbers and names in messages: a hostile one may be as long as the file.
    private const int MaxShown = 40;

    /// <summary>The file and the value's place in it.</summary>
    public string Where => Name.Length == 0 ? File : $"{File}: {Name}";

    /// <summary>Its <c>type</c>, if it is an object that has one.</summary>
    public string? Type => Text("type");

    /// <summary>Reads a JSON file of any depth up to 64.</summary>
    /// <param name="path">The file.</param>
    /// <param name="hint">What the user should know if the file is missing or something else.</param>
    /// <param name="read">What to make of it; may throw <see cref="InputException"/>.</param>
    /// <param name="uniqueNames">Whether a name that appears twice in one object is refused here; if not, <paramref name="read"/> must
    /// see to it.</param>
    /// <param name="mend">What to do where it is no JSON.</param>
    /// <exception cref="InputException">The file is missing, too large, not UTF-8 or not JSON.</exception>
    public static T Read<T>(
        string path, string hint, Func<JsonPart, T> read, bool uniqueNames = true, string mend = "mend it there, or download it again.")
    {
        ReadOnlyMemory<byte> json = SmallFile.Read(path, hint);
        if (json.IsEmpty) throw new InputException($"{path}: not valid JSON, for it {SmallFile.NoFile}.", hint);
        if (!Utf8.IsValid(json.Span)) throw new InputException($"{path}: not valid UTF-8.", $"the file is damaged; {mend}");
        try
        {
            using JsonDocument document = Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = !uniqueNames });
            return read(new JsonPart(path, "", document.RootElement));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            string at = e is JsonException { LineNumber: null } && Twice(json) is { } name ? $"{name} appears twice" : Quoted.Position(e);
            throw new InputException($"{path}: not valid JSON ({at}).", mend, e);
        }
    }

    /// <summary>Reads what was made of another file, which <paramref name="where"/> names.</summary>
    public static T Of<T>(string where, JsonNode made, Func<JsonPart, T> read)
    {
        using var document = JsonDocument.Parse(made.ToJsonString());
        return read(new JsonPart(where, "", document.RootElement));
    }

    /// <summary>Takes the numbers that only Python writes where nothing else is wrong: few files have them.</summary>
    private static JsonDocument Parse(ReadOnlyMemory<byte> json, JsonDocumentOptions options)
    {
        try
        {
            return JsonDocument.Parse(json, options);
        }
        catch (JsonException)
        {
            if (PythonNumbers.ToJson(json.Span) is not { } changed) throw;
            return JsonDocument.Parse(changed, options);
        }
    }

    /// <summary>The place of the first name that an object has twice; null where a name cannot even be read.</summary>
    private static string? Twice(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = Parse(json, default);
        try
        {
            return First(new JsonPart("", "", document.RootElement));
        }
        catch (InvalidOperationException)
        {
            return null;
        }

        static string? First(JsonPart part)
        {
            var seen = new HashSet<string>();
            IEnumerable<string?> found = part.Value.ValueKind switch
            {
                JsonValueKind.Array => part.Elements().Select(First),
                JsonValueKind.Object => part.Members().Select(one => seen.Add(one.Key) ? First(one.Value) : one.Value.Name),
                _ => [],
            };
            return found.FirstOrDefault(name => name is not null);
        }
    }

    /// <summary>The value under a name; null where it is absent.</summary>
    /// <exception cref="InputException">This is no object.</exception>
    public JsonPart? Find(string key)
    {
        if (Value.ValueKind != JsonValueKind.Object) throw Unexpected("an object");
        return Value.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? Inner(key, value) : null;
    }

    /// <summary>The value under a name.</summary>
    /// <exception cref="InputException">It is absent, or this is no object.</exception>
    public JsonPart Need(string key) => Find(key) ?? throw new InputException($"{Where} has no \"{key}\".");

    /// <summary>The text under a name; null where it is absent.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public string? Text(string key) => Find(key)?.AsText();

    /// <summary>The flag under a name, or <paramref name="otherwise"/> where it is absent.</summary>
    /// <exception cref="InputException">It is neither true nor false.</exception>
    public bool Flag(string key, bool otherwise) => Find(key)?.AsFlag() ?? otherwise;

    /// <summary>This as a flag.</summary>
    /// <exception cref="InputException">It is neither true nor false.</exception>
    public bool AsFlag() => Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Unexpected("true or false"),
    };

    /// <summary>This as a text.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public string AsText() => Value.ValueKind == JsonValueKind.String ? Value.GetString()! : throw Unexpected("a text");

    /// <summary>This as a whole number of a range; null if it is none.</summary>
    public int? AsWhole(int least, int most) =>
        Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out int number) && number >= least && number <= most ? number : null;

    /// <summary>This as a number; null if it is none.</summary>
    public double? AsNumber() => Value.ValueKind == JsonValueKind.Number && Value.TryGetDouble(out double number) && double.IsFinite(number)
        ? number : null;

    /// <summary>This as a token id.</summary>
    /// <exception cref="InputException">It is no whole number from 0 to the largest id a model can have.</exception>
    public int AsId() => AsWhole(0, TokenizerDefinition.MaxIds - 1)
        ?? throw Unexpected($"a token id from 0 to {TokenizerDefinition.MaxIds - 1}");

    /// <summary>The elements of this list.</summary>
    /// <exception cref="InputException">It is no list.</exception>
    public IEnumerable<JsonPart> Elements()
    {
        if (Value.ValueKind != JsonValueKind.Array) throw Unexpected("a list");
        (string file, string name) = (File, Name);
        return Value.EnumerateArray().Select((element, i) => new JsonPart(file, $"{name}[{i}]", element));
    }

    /// <summary>The values of this object by name.</summary>
    /// <exception cref="InputException">It is no object.</exception>
    public IEnumerable<(string Key, JsonPart Value)> Members()
    {
        if (Value.ValueKind != JsonValueKind.Object) throw Unexpected("an object");
        JsonPart self = this;
        return Value.EnumerateObject().Select(member => (member.Name, self.Inner(Plain(member.Name), member.Value)));
    }

    /// <summary>The error that this is not what was expected.</summary>
    public InputException Unexpected(string expected, string? hint = null) => new($"{Where} is {Shown()}, expected {expected}.", hint);

    private JsonPart Inner(string key, JsonElement value) => new(File, Name.Length == 0 ? key : $"{Name}.{key}", value);

    private string Shown() => Value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => Quoted.Text(Value.GetString()!),
        _ => Cut(PythonNumbers.Shown(Value)),
    };

    /// <summary>Names of options as they are, others in quotes: they may hold anything.</summary>
    private static string Plain(string name) =>
        name.Length <= MaxShown && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? name : Quoted.Text(name);

    private static string Cut(string text) => text.Length <= MaxShown ? text : string.Concat(text.AsSpan(0, MaxShown), "…");
}
