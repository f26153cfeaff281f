using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Experiments;

/// <summary>What a folder of results keeps as JSON.</summary>
internal static class StoredJson
{
    private const string Mend = "remove it, and run the experiment again.";

    /// <summary>How it is written: a line is no longer than what it holds, and a ruined model's figures are not finite.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectRequiredConstructorParameters = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        TypeInfoResolver = ExperimentsJson.Default,
    };

    /// <summary>One value on one line.</summary>
    public static string Line<T>(T value) => JsonSerializer.Serialize(value, Options.InfoOf<T>());

    /// <summary>Reads a file of what this program wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it should be, as in "result of a point".</param>
    /// <param name="hint">What the user should know if it is missing or something else.</param>
    /// <exception cref="InputException">It cannot be read, or is none.</exception>
    public static T Load<T>(string path, string what, string hint) => JsonPart.Read(path, hint, part =>
    {
        try
        {
            return part.Value.Deserialize(Options.InfoOf<T>())!;
        }
        catch (JsonException e)
        {
            throw Damaged($"{path}: is no {what} at {e.Path ?? "$"}", e);
        }
    }, mend: Mend);

    /// <summary>The error that a file is not what it should be.</summary>
    public static InputException Damaged(string sentence, Exception? inner = null) => new($"{sentence}.", Mend, inner);
}
