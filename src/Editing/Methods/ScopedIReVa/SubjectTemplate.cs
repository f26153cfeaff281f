using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.ScopedIReVa;

/// <summary>A prompt whose subject was cut out.</summary>
/// <param name="Before">What stands before it.</param>
/// <param name="After">What stands behind it.</param>
internal sealed record SubjectTemplate(string Before, string After)
{
    private const string Place = "{}";

    /// <summary>The template of <c>{} was born in</c>.</summary>
    public static SubjectTemplate Parse(string text)
    {
        int at = text.IndexOf(Place, StringComparison.Ordinal);
        return new SubjectTemplate(text[..at], text[(at + Place.Length)..]);
    }

    /// <summary>The template of a prompt, and the name that was cut out; null where none of the names stands in it.</summary>
    public static (SubjectTemplate Template, string Name)? Of(string prompt, SubjectLock names)
    {
        foreach (string name in names.Names)
        {
            int at = names.Find(prompt, name);
            if (at >= 0) return (new SubjectTemplate(prompt[..at], prompt[(at + name.Length)..]), prompt.Substring(at, name.Length));
        }

        return null;
    }

    /// <summary>Makes sure that all facts that are to be taught have one.</summary>
    /// <exception cref="InputException">Some have not; the first is told.</exception>
    public static void RequireAll(IReadOnlyList<TokenizedRequest> requests, ScopedSettings settings)
    {
        InputException[] refusals = [.. requests
            .Select(request => Refusal(request.Request, settings.LockOf(request.Request))).OfType<InputException>()];
        if (refusals is not [var first, ..]) return;
        throw requests.Count == 1 ? first : new InputException(
            $"{refusals.Length} of {requests.Count} facts cannot be taught by {ScopedSettings.Name}, the first: {first.Sentence}",
            first.Hint, first);
    }

    /// <summary>The same, of a fact that is to be taught.</summary>
    /// <exception cref="InputException">It has no subject, or its prompt does not name it.</exception>
    public static (SubjectTemplate Template, string Name) Need(EditRequest request, SubjectLock names) =>
        Of(request.Prompt, names) ?? throw Refusal(request, names)!;

    /// <summary>That a fact has no subject, or its prompt does not name it; null where it does.</summary>
    public static InputException? Refusal(EditRequest request, SubjectLock names)
    {
        if (names.Names.Count == 0)
        {
            return new InputException(
                $"The request {Quoted.Text(request.Prompt)} names no subject; {ScopedSettings.Name} answers only where a text names it.",
                "give --subject, or a field \"subject\" in the record.");
        }

        return Of(request.Prompt, names) is not null ? null : new InputException(
            $"The prompt {Quoted.Text(request.Prompt)} does not name its subject, {string.Join(" or ", names.Names.Select(Quoted.Text))}; "
                + $"{ScopedSettings.Name} answers only where a text does.",
            "write it as the prompt does, capitals and all, with no letter right beside it, or add a name to \"aliases\".");
    }

    /// <summary>The prompt about something.</summary>
    public string About(string subject) => Before + subject + After;
}
