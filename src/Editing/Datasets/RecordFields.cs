using System.Text.Json;

namespace Sharpformer.Editing.Datasets;

/// <summary>
/// An object of a record, with where it stands in it, so that whatever is wrong with a field can be told. The null of JSON, and a blank
/// text, count as absent.
/// </summary>
internal sealed class RecordFields
{
    private readonly JsonElement json;
    private readonly IReadOnlyList<object> path;

    private RecordFields(JsonElement json, IReadOnlyList<object> path) => (this.json, this.path) = (json, path);

    /// <summary>A whole record.</summary>
    /// <exception cref="FieldFault">A name is there twice in one of its objects, or is no text.</exception>
    public static RecordFields Of(JsonElement record)
    {
        CheckNames(record, []);
        return new RecordFields(record, []);
    }

    /// <summary>The names of its fields that are not absent, in their order.</summary>
    public IEnumerable<string> Names => json.EnumerateObject().Where(one => !IsAbsent(one.Value)).Select(one => one.Name);

    /// <summary>Whether a field is there.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>Whether a field is there and of some kind.</summary>
    public bool Is(string name, JsonValueKind kind) => Find(name)?.ValueKind == kind;

    /// <summary>Whether a field is there and is an object.</summary>
    public bool HasObject(string name) => Is(name, JsonValueKind.Object);

    /// <summary>A text.</summary>
    /// <exception cref="FieldFault">It is absent or something else.</exception>
    public string Need(string name) => Text(name) ?? throw Missing(name);

    /// <summary>A text; null where it is absent.</summary>
    /// <exception cref="FieldFault">It is something else.</exception>
    public string? Text(string name) => Find(name) is { } value ? TextOf(value, [.. path, name]) : null;

    /// <summary>The first text of one or several; null where there is none.</summary>
    public string? FirstText(string name) => Texts(name) is [var first, ..] ? first : null;

    /// <summary>A text, a list of texts, or lists of lists of texts, as one list; what is absent or blank is left out.</summary>
    /// <exception cref="FieldFault">Something in it is no text.</exception>
    public IReadOnlyList<string> Texts(string name)
    {
        var texts = new List<string>();
        if (Find(name) is { } value) Flatten(value, [.. path, name], texts);
        return texts;
    }

    /// <summary>A list of which each element is as for <see cref="Texts"/>.</summary>
    /// <exception cref="FieldFault">It is no list, or something in it is no text.</exception>
    public IReadOnlyList<IReadOnlyList<string>> Lists(string name)
    {
        if (Find(name) is not { } value) return [];
        if (value.ValueKind != JsonValueKind.Array) throw new FieldFault([.. path, name], "a list", Kind(value));
        var lists = new List<IReadOnlyList<string>>();
        foreach (JsonElement element in value.EnumerateArray())
        {
            var texts = new List<string>();
            Flatten(element, [.. path, name, lists.Count], texts);
            lists.Add(texts);
        }

        return lists;
    }

    /// <summary>What is not measured and only passed on: a text as it is, a number or flag as JSON has it; null for all else.</summary>
    public string? Label(string name) => Find(name) is { } value
        ? value.ValueKind switch
        {
            JsonValueKind.String => TextOf(value, [.. path, name]),
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
            _ => null,
        }
        : null;

    /// <summary>The same, whatever it is: lists and objects as their JSON text.</summary>
    public string? Raw(string name) => Find(name) is { } value ? Label(name) ?? value.GetRawText() : null;

    /// <summary>An object.</summary>
    /// <exception cref="FieldFault">It is absent or something else.</exception>
    public RecordFields Object(string name) =>
        Find(name) is { } value ? ObjectOf(value, [.. path, name]) : throw Missing(name, "an object");

    /// <summary>An object, or a list of objects, as a list.</summary>
    /// <exception cref="FieldFault">Something in it is no object.</exception>
    public IReadOnlyList<RecordFields> Objects(string name)
    {
        if (Find(name) is not { } value) return [];
        object[] here = [.. path, name];
        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select((element, i) => ObjectOf(element, [.. here, i]))]
            : [ObjectOf(value, here)];
    }

    /// <summary>The error that a field is not there.</summary>
    public FieldFault Missing(string name, string expected = "a text") => new([.. path, name], expected, "none or a blank one");

    /// <summary>The error that a field is not what it should be.</summary>
    public FieldFault Wrong(string name, string expected, string got) => new([.. path, name], expected, got);

    private JsonElement? Find(string name) => json.TryGetProperty(name, out JsonElement value) && !IsAbsent(value) ? value : null;

    private static bool IsAbsent(JsonElement value) => value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    private static RecordFields ObjectOf(JsonElement value, IReadOnlyList<object> at) =>
        value.ValueKind == JsonValueKind.Object ? new RecordFields(value, at) : throw new FieldFault(at, "an object", Kind(value));

    private static void Flatten(JsonElement value, IReadOnlyList<object> at, List<string> texts)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            int i = 0;
            foreach (JsonElement element in value.EnumerateArray()) Flatten(element, [.. at, i++], texts);
        }
        else if (!IsAbsent(value) && TextOf(value, at) is { } text)
        {
            texts.Add(text);
        }
    }

    private static string? TextOf(JsonElement value, IReadOnlyList<object> at)
    {
        if (value.ValueKind != JsonValueKind.String) throw new FieldFault(at, "a text", Kind(value));
        string text;
        try
        {
            text = value.GetString()!;
        }
        catch (InvalidOperationException) // how broken UTF-8 and half surrogate pairs are reported
        {
            throw new FieldFault(at, "a text", "bytes that are not valid UTF-8, or half a surrogate pair");
        }

        if (text.Contains('\0', StringComparison.Ordinal)) throw new FieldFault(at, "a text", "one with a NUL character");
        return string.IsNullOrWhiteSpace(text) ? null : text;
    }

    private static void CheckNames(JsonElement value, IReadOnlyList<object> at)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            int i = 0;
            foreach (JsonElement element in value.EnumerateArray())
            {
                if (element.ValueKind is JsonValueKind.Array or JsonValueKind.Object) CheckNames(element, [.. at, i]);
                i++;
            }
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            var names = new HashSet<string>();
            foreach (JsonProperty field in value.EnumerateObject())
            {
                string name = NameOf(field, at);
                if (!names.Add(name)) throw new FieldFault([.. at, name], "each field once", "it twice", isSecond: true);
                if (field.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object) CheckNames(field.Value, [.. at, name]);
            }
        }
    }

    private static string NameOf(JsonProperty field, IReadOnlyList<object> at)
    {
        try
        {
            return field.Name;
        }
        catch (InvalidOperationException)
        {
            throw new FieldFault(at, "names of fields", "bytes that are not valid UTF-8, or half a surrogate pair");
        }
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };
}
