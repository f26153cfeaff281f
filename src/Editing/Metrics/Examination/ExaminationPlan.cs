using Sharpformer.Editing.Datasets;

namespace Sharpformer.Editing.Metrics.Examination;

/// <summary>What an examination asks beside the edits' own prompts, their paraphrases and probes.</summary>
/// <param name="Triggers">How prompts end.</param>
public sealed record ExaminationPlan(Triggers Triggers)
{
    /// <summary>Unedited facts in the edits' words; those that share a prompt with a record are left out.</summary>
    public IReadOnlyList<EditRecord> Neighbours { get; init; } = [];

    /// <summary>Unedited facts of other relations about edited subjects; those that share a prompt with a record are left out.</summary>
    public IReadOnlyList<EditRecord> SameSubject { get; init; } = [];

    /// <summary>What stands around the edits' prompts and paraphrases when they are asked again.</summary>
    public IReadOnlyList<PromptFrame> Frames { get; init; } = PromptFrame.Usual;

    /// <summary>Of so many records, the first, prompts are asked again in frames.</summary>
    public int MostFramed { get; init; } = int.MaxValue;

    /// <summary>So many tokens are written behind a prompt at most until its answer is said; 0 lets nothing be written.</summary>
    public int MostNewTokens { get; init; } = 50;

    /// <summary>The facts among some that share a subject with a record, of another relation than its records have.</summary>
    /// <param name="facts">Facts of any kind.</param>
    /// <param name="records">The edits.</param>
    /// <param name="most">At most so many.</param>
    public static IReadOnlyList<EditRecord> OfSameSubjects(IEnumerable<EditRecord> facts, IReadOnlyList<EditRecord> records, int most)
    {
        ArgumentNullException.ThrowIfNull(records);
        ILookup<string?, string?> relations = records.Where(record => record.Subject is not null)
            .ToLookup(record => record.Subject, record => record.Relation);
        HashSet<string> prompts = [.. records.Select(record => record.Prompt)];
        return [.. facts.Where(fact => relations.Contains(fact.Subject) && !relations[fact.Subject].Contains(fact.Relation)
            && !prompts.Contains(fact.Prompt)).DistinctBy(fact => fact.Prompt).Take(most)];
    }
}
