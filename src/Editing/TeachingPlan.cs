using Sharpformer.Editing.Store;

namespace Sharpformer.Editing;

/// <summary>
/// What is left to teach when a list of facts meets a store: a run that was interrupted and is repeated goes on where it
/// ended.
/// </summary>
/// <param name="Requests">The whole list.</param>
/// <param name="Known">The store's edits that are active or withdrawn, with their parts.</param>
/// <param name="Missing">The facts to teach, in order.</param>
/// <param name="There">Facts of the list that active edits of the store hold.</param>
public sealed record TeachingPlan(
    IReadOnlyList<TokenizedRequest> Requests, IReadOnlyList<Edit> Known, IReadOnlyList<TokenizedRequest> Missing,
    IReadOnlyList<Edit> There)
{
    /// <summary>The highest id in the store; 0 where it is empty.</summary>
    public long LastId { get; init; }

    /// <summary>
    /// Edits of the store that hold a fact of the list but are withdrawn, superseded or undone: restoring brings the first two back.
    /// </summary>
    public IReadOnlyList<Edit> Silent { get; init; } = [];

    /// <summary>Edits that held a fact of the list and were removed for good: somebody wanted them gone.</summary>
    public IReadOnlyList<Edit> Removed { get; init; } = [];

    /// <summary>Facts whose prompt comes again later in the list with another target: only the last is taught.</summary>
    public IReadOnlyList<TokenizedRequest> Overtaken { get; init; } = [];

    /// <summary>What meets what: facts to teach and edits of the store that answer their prompts otherwise.</summary>
    public IReadOnlyList<TeachingConflict> Conflicts { get; init; } = [];

    /// <summary>Compares a list with a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="requests">The list.</param>
    /// <param name="policy">Under <see cref="ConflictPolicy.Keep"/> a prompt may come with several targets.</param>
    /// <param name="again">Whether facts are taught anew that superseded, undone or removed edits hold.</param>
    public static TeachingPlan For(
        EditStore store, IReadOnlyList<TokenizedRequest> requests, ConflictPolicy policy = default, bool again = false)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(requests);
        IReadOnlyList<Edit> all = store.List(withParts: true, includeRemoved: true);
        ILookup<int[], Edit> byPrompt = all.ToLookup(edit => edit.PromptTokens, TokenSequences.Comparer);
        Dictionary<int[], int[]> lastTarget = new(TokenSequences.Comparer);
        foreach (TokenizedRequest request in requests) lastTarget[request.Tokens.Prompt] = request.Tokens.Target;

        List<TokenizedRequest> missing = [], overtaken = [];
        List<Edit> there = [], silent = [], removed = [];
        List<TeachingConflict> conflicts = [];
        var seen = new HashSet<int[]>(TokenSequences.Comparer);
        foreach (TokenizedRequest request in requests)
        {
            (int[] prompt, int[] target) = request.Tokens;
            if (policy != ConflictPolicy.Keep && !target.SequenceEqual(lastTarget[prompt]))
            {
                overtaken.Add(request);
                continue;
            }

            if (!seen.Add([.. prompt, -1, .. target])) continue; // -1 is no token
            Edit[] held = [.. byPrompt[prompt].Where(edit => edit.TargetTokens.SequenceEqual(target))];
            if (held.FirstOrDefault(edit => edit.Status == EditStatus.Active) is { } active)
            {
                there.Add(active);
                continue;
            }

            if (held.LastOrDefault(edit => edit.Status == EditStatus.Withdrawn) is { } withdrawn)
            {
                silent.Add(withdrawn);
                continue;
            }

            if (!again && held.Length > 0)
            {
                if (held.LastOrDefault(edit => edit.Status != EditStatus.Removed) is { } kept) silent.Add(kept);
                else removed.Add(held[^1]);
                continue;
            }

            missing.Add(request);
            IEnumerable<Edit> others = byPrompt[prompt].Where(edit => edit.Status == EditStatus.Active);
            conflicts.AddRange(others.Select(edit => new TeachingConflict(request, edit, IsSamePrompt: true)));
        }

        Edit[] known = [.. all.Where(edit => edit.Status.IsApplied())];
        return new TeachingPlan(requests, known, missing, there)
        {
            LastId = all.Count == 0 ? 0 : all.Max(edit => edit.Id),
            Silent = silent,
            Removed = removed,
            Overtaken = overtaken,
            Conflicts = conflicts,
        };
    }

    /// <summary>
    /// The prompts among which out-of-scope ones are chosen: the list's first, then the store's. A run that goes on finds
    /// its own edits in the store, and without repetitions this is the list it began with.
    /// </summary>
    public IReadOnlyList<int[]> Prompts =>
        [.. Requests.Select(request => request.Tokens.Prompt), .. Known.Select(edit => edit.PromptTokens)];

    /// <summary>The same as texts.</summary>
    public IReadOnlyList<EditRequest> Facts => [.. Requests.Select(request => request.Request), .. Known.Select(edit => edit.Request)];
}

/// <summary>A fact to teach, and an edit that answers its prompt otherwise.</summary>
/// <param name="Request">The fact.</param>
/// <param name="Edit">The edit.</param>
/// <param name="IsSamePrompt">Whether it was taught on the very same prompt, or answers it as another wording.</param>
public sealed record TeachingConflict(TokenizedRequest Request, Edit Edit, bool IsSamePrompt);
