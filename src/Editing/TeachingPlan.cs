using Sharpformer.Editing.Store;

namespace Sharpformer.Editing;

/// <summary>
/// What is left to teach when a list of facts meets a store: a run that was interrupted and is repeated goes on where it
/// ended.
/// </summary>
/// <param name="Requests">The whole list.</param>
/// <param name="Known">The store's edits that were not removed, with their parts.</param>
/// <param name="Missing">The facts that the store does not hold and that do not repeat an earlier one of the list.</param>
/// <param name="OtherwiseMade">Facts of the list that the store holds, made with other settings.</param>
/// <param name="Contradicted">Prompts that get a target beside the one they have: only one of them can answer.</param>
public sealed record TeachingPlan(
    IReadOnlyList<TokenizedRequest> Requests, IReadOnlyList<Edit> Known, IReadOnlyList<TokenizedRequest> Missing,
    IReadOnlyList<Edit> OtherwiseMade, IReadOnlyList<string> Contradicted)
{
    /// <summary>Compares a list with a store.</summary>
    public static TeachingPlan For(EditStore store, IReadOnlyList<TokenizedRequest> requests, EditSettings settings)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(requests);
        IReadOnlyList<Edit> known = store.List(withParts: true, includeRemoved: false);
        var stored = new Dictionary<(string, string), Edit>();
        foreach (Edit edit in known) stored.TryAdd(Fact(edit.Request, edit.TargetTokens), edit);

        var seen = new HashSet<(string, string)>();
        TokenizedRequest[] distinct = [.. requests.Where(request => seen.Add(Fact(request.Request, request.Tokens.Target)))];
        Edit? There(TokenizedRequest request) => stored.GetValueOrDefault(Fact(request.Request, request.Tokens.Target));
        TokenizedRequest[] missing = [.. distinct.Where(request => There(request) is null)];
        var answered = known.Select(e => e.Request.Prompt).ToHashSet();
        return new TeachingPlan(
            requests, known, missing,
            [.. distinct.Select(There).OfType<Edit>().Where(edit => edit.Settings != settings)],
            [.. missing.Select(request => request.Request.Prompt).Where(prompt => !answered.Add(prompt)).Distinct()]);
    }

    /// <summary>
    /// The prompts among which out-of-scope ones are chosen: the list's first, then the store's. A run that goes on finds
    /// its own edits in the store, and without repetitions this is the list it began with.
    /// </summary>
    public IReadOnlyList<int[]> Prompts =>
        [.. Requests.Select(request => request.Tokens.Prompt), .. Known.Select(edit => edit.PromptTokens)];

    private static (string, string) Fact(EditRequest request, int[] target) => (request.Prompt, string.Join(',', target));
}
