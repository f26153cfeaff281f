using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization.Json;

/// <summary>What all components of <c>tokenizer.json</c> have in common: steps with a type, and options.</summary>
internal static class JsonSteps
{
    private const string Hint = "another step or option would give other ids than the model was trained with.";

    /// <summary>The steps a component consists of: none, itself, or those of a <c>Sequence</c>.</summary>
    public static List<JsonPart> Steps(JsonPart? component, string listKey)
    {
        if (component is not { } part) return [];
        return part.Type == "Sequence" ? [.. part.Need(listKey).Elements().SelectMany(step => Steps(step, listKey))] : [part];
    }

    /// <summary>Options of later versions may change ids too, unless they are off.</summary>
    /// <exception cref="InputException">There is one that is not known.</exception>
    public static void RefuseOthers(this JsonPart part, params ReadOnlySpan<string> known)
    {
        foreach ((string key, JsonPart value) in part.Members())
        {
            if (!known.Contains(key) && value.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False))
                throw value.Unexpected($"no such option, only {string.Join(", ", known)}", Hint);
        }
    }

    /// <summary>The error that a step is of a type that is not known.</summary>
    public static InputException UnknownStep(this JsonPart part, params ReadOnlySpan<string> known) => new(
        $"{part.Where} is {(part.Type is { } type ? Quoted.Text(type) : "of no type")}, supported: {string.Join(", ", known)}.", Hint);
}
