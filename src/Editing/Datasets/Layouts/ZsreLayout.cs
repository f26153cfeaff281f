namespace Sharpformer.Editing.Datasets.Layouts;

/// <summary>zsRE as MEND's and ROME's evaluations have it, and the sets of iReVa.</summary>
internal static class ZsreLayout
{
    /// <summary>The group of its unrelated questions.</summary>
    public const string Group = "loc";

    /// <summary>The layout.</summary>
    public static Layout Layout { get; } = new(
        "zsre", "src, alt", "alt", ["subject", "src", "pred", "rephrase", "alt", "answers", "loc", "loc_ans", "relation"],
        record => record.Has("src") || record.Has("alt"), Map);

    private static IEnumerable<EditRecord> Map(RecordFields record)
    {
        string? unrelated = record.Text("loc");
        IReadOnlyList<string> answers = record.Texts("loc_ans");
        yield return new EditRecord
        {
            Prompt = record.Need("src"),
            Target = record.Text("alt") ?? "",
            Subject = record.Text("subject"),
            Paraphrases = record.Texts("rephrase"),
            OldAnswers = record.Texts("pred"),
            Answers = record.Texts("answers"),
            Relation = record.Text("relation"),
            Probes = unrelated is null || answers.Count == 0 ? [] : [new Probe(ProbeKind.Locality, Group, Asked(unrelated), answers)],
        };
    }

    // The questions of NQ come without their question mark.
    private static string Asked(string question) => question.EndsWith('?') ? question : question + "?";
}
