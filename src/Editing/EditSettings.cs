using System.Text.Json;
using System.Text.Json.Serialization;
using Sharpformer.Tensors;

namespace Sharpformer.Editing;

/// <summary>
/// Every number that decides what a method makes of an edit: one sealed record per method. They are stored as JSON; a
/// property that is added later needs the default that was in force before, since older stores do not have it.
/// </summary>
public abstract record EditSettings
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
    };

    /// <summary>Settings of a method.</summary>
    /// <param name="method">The method's name, see <see cref="EditorCatalog"/>.</param>
    protected EditSettings(string method) => Method = method;

    /// <summary>The method's name, as commands and stores say it.</summary>
    [JsonIgnore]
    public string Method { get; }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="InputException">The method is unknown, or the text holds what its settings do not have.</exception>
    public static EditSettings Parse(string method, string json)
    {
        Type type = EditorCatalog.Named(method).SettingsType;
        try
        {
            return (EditSettings?)JsonSerializer.Deserialize(json, type, Options) ?? throw new JsonException();
        }
        catch (JsonException error)
        {
            throw new InputException(
                $"Settings of method {method} are not as this program knows them at {error.Path ?? "$"}: {Quoted.Text(json)}.",
                "a newer Sharpformer may have written them; use that one.", error);
        }
    }

    /// <summary>The settings as they are stored: every float with its exact bits, properties in the record's order.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, GetType(), Options);

    /// <summary>Says what keeps an edit's parts from being those of this method; null where nothing does.</summary>
    /// <param name="edit">Made with these settings, not removed.</param>
    /// <param name="nEmbd">C: the model's width.</param>
    public virtual string? Misfit(Edit edit, int nEmbd) => null;

    /// <summary>Refuses to sit in one store with edits that were made otherwise.</summary>
    /// <param name="first">The settings of the store's first edit by the same method.</param>
    /// <param name="store">The store's path, for the message.</param>
    /// <exception cref="InputException">The two cannot be in one store.</exception>
    public virtual void RequireBeside(EditSettings first, string store)
    {
    }
}
