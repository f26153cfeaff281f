using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>What a file said of a fact beside what is taught: its owner, the reason, a number, whatever other columns there were.</summary>
public sealed class Provenance : IEnumerable<(string Name, string Text)>, IEquatable<Provenance>
{
    /// <summary>Stands before the name of what a file said where other names may be meant, as in <c>own:status</c>.</summary>
    public const string Own = "own:";

    // Shown to people, and never part of a web page as it is.
    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = EditingJson.Default,
    };

    private readonly (string Name, string Text)[] pairs;

    private Provenance((string, string)[] pairs) => this.pairs = pairs;

    /// <summary>Nothing.</summary>
    public static Provenance None { get; } = new([]);

    /// <summary>How many names it has.</summary>
    public int Count => pairs.Length;

    /// <summary>The text of a name; null where there is none.</summary>
    public string? this[string name] => Array.Find(pairs, pair => pair.Name == name).Text;

    /// <summary>
    /// Several texts as one: one as it is, more as a list of JSON, so that read again, and asked for again, they are the same; null for
    /// none.
    /// </summary>
    public static string? TextOf(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return texts switch
        {
            [] => null,
            [var one] => one,
            _ => JsonSerializer.Serialize(texts, Json.InfoOf<IReadOnlyList<string>>()),
        };
    }

    /// <summary>The texts of a name, as <see cref="TextOf"/> writes them; none where there is none.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        if (this[name] is not { } text) return [];
        try
        {
            if (text.StartsWith('[')) return JsonSerializer.Deserialize(text, EditingJson.Default.StringArray)!.OfType<string>().ToArray();
        }
        catch (JsonException)
        {
            // a text that only begins like a list
        }

        return [text];
    }

    /// <summary>Names and their texts; what has no text is left out, of a name that comes again the first counts.</summary>
    public static Provenance Of(IEnumerable<(string Name, string? Text)> pairs)
    {
        (string, string)[] kept = [.. pairs.Where(pair => pair.Text is not null).DistinctBy(pair => pair.Name)
            .Select(pair => (pair.Name, pair.Text!))];
        return kept.Length == 0 ? None : new Provenance(kept);
    }

    /// <summary>As one JSON object.</summary>
    public Dictionary<string, string> ToDictionary() => pairs.ToDictionary(pair => pair.Name, pair => pair.Text);

    /// <summary>From an object of JSON whose values are texts; null is nothing.</summary>
    /// <exception cref="JsonException">One of them is none.</exception>
    public static Provenance Of(IReadOnlyDictionary<string, string>? texts)
    {
        if (texts is null) return None;
        if (texts.Values.Contains(null)) throw new JsonException("a text is null");
        return Of(texts.Select(pair => (pair.Key, (string?)pair.Value)));
    }

    /// <inheritdoc/>
    public IEnumerator<(string Name, string Text)> GetEnumerator() => ((IEnumerable<(string, string)>)pairs).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Equal in every name and text, and in their order.</summary>
    public bool Equals(Provenance? other) => other is not null && pairs.AsSpan().SequenceEqual(other.pairs);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Provenance);

    /// <inheritdoc/>
    public override int GetHashCode() => pairs.Length;
}
