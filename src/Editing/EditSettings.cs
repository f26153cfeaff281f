using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Sharpformer.Tensors;

namespace Sharpformer.Editing;

/// <summary>
/// Every number that decides what a method makes of an edit: one sealed record per method. They are stored as JSON; a
/// property that is added later needs the default that was in force before, since older stores do not have it.
/// </summary>
[DynamicallyAccessedMembers(Accessed)]
public abstract record EditSettings
{
    /// <summary>What is used of the type of settings by looking, and is kept where what nobody uses is cut away.</summary>
    internal const DynamicallyAccessedMemberTypes Accessed =
        DynamicallyAccessedMemberTypes.PublicProperties | DynamicallyAccessedMemberTypes.PublicParameterlessConstructor;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        TypeInfoResolver = EditingJson.OrReflection,
    };

    private static readonly ConcurrentDictionary<Type, JsonTypeInfo> Known = [];

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
        JsonTypeInfo info = InfoOf(EditorCatalog.Named(method).SettingsType);
        try
        {
            return (EditSettings?)JsonSerializer.Deserialize(json, info) ?? throw new JsonException();
        }
        catch (JsonException error)
        {
            throw new InputException(
                $"Settings of method {method} are not as this program knows them at {error.Path ?? "$"}: {Quoted.Text(json)}.",
                "a newer Sharpformer may have written them; use that one.", error);
        }
    }

    /// <summary>The settings as they are stored: every float with its exact bits, properties in the record's order.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, InfoOf(GetType()));

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

    /// <summary>
    /// How a type of settings is read and written. What the compiler made of it would set what a text leaves out to zero, so an object is
    /// made with its defaults first, and then what the text names is set.
    /// </summary>
    private static JsonTypeInfo InfoOf([DynamicallyAccessedMembers(Accessed)] Type type)
    {
        if (Known.TryGetValue(type, out JsonTypeInfo? known)) return known;
        IJsonTypeInfoResolver own = EditingJson.Default;
        if (own.GetTypeInfo(type, Options) is not { } info) return Options.GetTypeInfo(type); // a method's that was written elsewhere
        info.CreateObject = () => Activator.CreateInstance(type)!;
        PropertyInfo[] properties = type.GetProperties();
        foreach (JsonPropertyInfo one in info.Properties.Where(one => one.Set is not null))
            one.Set = Array.Find(properties, property => JsonNamingPolicy.CamelCase.ConvertName(property.Name) == one.Name)!.SetValue;
        info.MakeReadOnly();
        return Known.GetOrAdd(type, info);
    }
}
