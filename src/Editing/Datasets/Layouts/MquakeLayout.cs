using System.Text.Json;

namespace Sharpformer.Editing.Datasets.Layouts;

/// <summary>
/// MQuAKE: a case has several edits, and questions that need all of them. Those stand with its first edit: the case is one question, which
/// any of its wordings answers, and what it takes to answer it hop by hop.
/// </summary>
internal static class MquakeLayout
{
    /// <summary>The group of questions that need several facts.</summary>
    public const string MultiHop = "multi_hop";

    /// <summary>The group of the single facts that they need.</summary>
    public const string SingleHop = "single_hop";

    /// <summary>The layout.</summary>
    public static Layout Layout { get; } = new(
        "mquake", "requested_rewrite[{prompt, subject, target_new{str}}], questions, new_answer", "requested_rewrite",
        ["case_id", "requested_rewrite", "questions", "new_answer", "new_answer_alias", "new_single_hops"],
        record => record.Is("requested_rewrite", JsonValueKind.Array), Map);

    private static IEnumerable<EditRecord> Map(RecordFields record)
    {
        IReadOnlyList<RecordFields> rewrites = record.Objects("requested_rewrite");
        if (rewrites.Count == 0) throw record.Wrong("requested_rewrite", "at least one edit", "an empty list");
        string? id = record.Label("case_id");
        IReadOnlyList<Probe> probes = [.. Hops(record)];
        foreach (RecordFields rewrite in rewrites)
        {
            EditRecord edit = CounterFactLayout.Rewrite(rewrite);
            yield return edit with { Id = id, Paraphrases = rewrite.Texts("question"), Probes = probes };
            probes = [];
        }
    }

    private static IEnumerable<Probe> Hops(RecordFields record)
    {
        string[] answers = [.. record.Texts("new_answer"), .. record.Texts("new_answer_alias")];
        IReadOnlyList<string> questions = record.Texts("questions");
        if (answers.Length > 0 && questions.Count > 0)
            yield return new Probe(ProbeKind.Portability, MultiHop, questions[0], answers) { Wordings = [.. questions.Skip(1)] };
        foreach (RecordFields hop in record.Objects("new_single_hops"))
            yield return new Probe(
                ProbeKind.Portability, SingleHop, hop.Need("question"), [.. hop.Texts("answer"), .. hop.Texts("answer_alias")]);
    }
}
