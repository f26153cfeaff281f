namespace Sharpformer.Editing;

/// <summary>What teaching would do with a request.</summary>
public enum TeachingFate
{
    /// <summary>It would be taught.</summary>
    Teach,

    /// <summary>An active edit of the store holds it.</summary>
    There,

    /// <summary>An edit of the store holds it that is silent, and would stay so.</summary>
    Silent,

    /// <summary>It was removed from the store before, and would be refused.</summary>
    Refused,

    /// <summary>The list says it again later with another target.</summary>
    Overtaken,

    /// <summary>The list has said it before.</summary>
    Repeated,
}

/// <summary>A request as teaching would take it; see <see cref="Session.Preview"/>.</summary>
/// <param name="Request">The request, its texts as they would be taught.</param>
/// <param name="Fate">What would become of it.</param>
/// <param name="Edit">The edit of the store that decides that; null where there is none.</param>
/// <param name="Says">What the edited model says so far after the prompt, in as many tokens as the target has.</param>
/// <param name="SubjectAt">Where the subject begins in the prompt, in characters; null where there is none or it is not in it.</param>
/// <param name="Conflicts">Edits that answer the prompt otherwise.</param>
/// <param name="ConflictsWithin">Numbers of other requests of the list that give the prompt another target, from 0.</param>
public sealed record PreviewedRequest(
    TokenizedRequest Request, TeachingFate Fate, long? Edit, string Says, int? SubjectAt, IReadOnlyList<TeachingConflict> Conflicts,
    IReadOnlyList<int> ConflictsWithin)
{
    /// <summary>Why the method cannot teach it; null where it can. One that cannot be taught keeps all others from being taught.</summary>
    public string? Refusal { get; init; }
}

/// <summary>Sorts the requests of a list by what teaching would do with them.</summary>
internal sealed class TeachingFates(TeachingPlan plan)
{
    private readonly HashSet<TokenizedRequest> missing = new(plan.Missing, ReferenceEqualityComparer.Instance);
    private readonly HashSet<TokenizedRequest> overtaken = new(plan.Overtaken, ReferenceEqualityComparer.Instance);
    private readonly Dictionary<int[], Edit> there = ByFact(plan.There), silent = ByFact(plan.Silent), removed = ByFact(plan.Removed);
    private readonly HashSet<int[]> seen = new(TokenSequences.Comparer);

    /// <summary>That of the next request of the list.</summary>
    public (TeachingFate Fate, long? Edit) Next(TokenizedRequest request)
    {
        int[] fact = Fact(request.Tokens.Prompt, request.Tokens.Target);
        if (overtaken.Contains(request)) return (TeachingFate.Overtaken, null);
        if (!seen.Add(fact)) return (TeachingFate.Repeated, null);
        if (missing.Contains(request)) return (TeachingFate.Teach, null);
        if (there.TryGetValue(fact, out Edit? edit)) return (TeachingFate.There, edit.Id);
        return silent.TryGetValue(fact, out edit) ? (TeachingFate.Silent, edit.Id) : (TeachingFate.Refused, removed[fact].Id);
    }

    private static Dictionary<int[], Edit> ByFact(IReadOnlyList<Edit> edits)
    {
        var byFact = new Dictionary<int[], Edit>(TokenSequences.Comparer);
        foreach (Edit edit in edits) byFact[Fact(edit.PromptTokens, edit.TargetTokens)] = edit;
        return byFact;
    }

    private static int[] Fact(int[] prompt, int[] target) => [.. prompt, -1, .. target]; // -1 is no token
}
