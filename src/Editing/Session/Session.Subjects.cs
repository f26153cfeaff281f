using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.ScopedIReVa;

namespace Sharpformer;

/// <content>What requests are about, and which method that suits.</content>
public sealed partial class Session
{
    /// <summary>
    /// The method to teach some requests with unless another is named: iReVa whose neurons know what they are about, where each prompt
    /// names that; plain iReVa otherwise, and where the store's edits are.
    /// </summary>
    /// <param name="requests">The requests.</param>
    public string MethodFor(IReadOnlyList<TokenizedRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        bool isPlain = StoreFirst(IReVaSettings.Name) is not null && StoreFirst(ScopedSettings.Name) is null;
        return !isPlain && Unnamed(requests).Count == 0 ? ScopedSettings.Name : EditorCatalog.Default;
    }

    /// <summary>Those of some requests that do not say in their prompt what they are about.</summary>
    /// <param name="requests">The requests.</param>
    public IReadOnlyList<TokenizedRequest> Unnamed(IReadOnlyList<TokenizedRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        EditSettings scoped = SettingsFor(ScopedSettings.Name);
        IEditor editor = EditorCatalog.Named(scoped.Method);
        return [.. requests.Where(request => editor.Refusal(request.Request, scoped) is not null)];
    }

    /// <summary>
    /// Requests with the subjects that were not given, where the method needs one and can find it among the prompts of the list and the
    /// store; whatever takes requests with settings does this itself.
    /// </summary>
    /// <param name="requests">The requests.</param>
    /// <param name="settings">How they are to be taught.</param>
    /// <returns>One for each; without a subject still where none is found.</returns>
    public IReadOnlyList<TokenizedRequest> WithSubjects(IReadOnlyList<TokenizedRequest> requests, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(settings);
        bool areNamed = requests.All(request => request.Subject.Length > 0);
        if (areNamed || !EditorCatalog.Named(settings.Method).FindsSubjects) return requests;
        IEnumerable<string> stored = store is null
            ? []
            : queue.Run(() => store.List(withParts: false, includeRemoved: false)).Select(edit => edit.Request.Prompt);
        var finder = new SubjectFinder(
            requests.Select(request => request.Request.Prompt).Concat(stored),
            Negatives.Shipped.Select(template => (template.Before, template.After)));
        return [.. requests.Select(Completed)];

        TokenizedRequest Completed(TokenizedRequest request) =>
            request.Subject.Length == 0 && finder.Find(request.Request.Prompt) is { } subject
                ? request with
                {
                    Request = request.Request with { Subject = subject },
                    Subject = Tokenizer.EncodeContinuation(subject),
                    Asked = request.Asked ?? request.Request,
                }
                : request;
    }
}
