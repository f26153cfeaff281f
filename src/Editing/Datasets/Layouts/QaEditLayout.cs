using System.Text.Json;

namespace Sharpformer.Editing.Datasets.Layouts;

/// <summary>QAEdit: questions of NQ, TriviaQA and SimpleQA with unrelated ones beside them.</summary>
internal static class QaEditLayout
{
    /// <summary>The group of its unrelated questions.</summary>
    public const string Group = "locality";

    /// <summary>The layout.</summary>
    public static Layout Layout { get; } = new(
        "qaedit", "prompt, target, rephrase, locality[{loc, loc_ans}]", "target",
        ["id", "source", "prompt", "target", "subject", "rephrase", "locality"],
        record => record.Has("prompt") && record.Has("target") && (record.Has("rephrase") || record.Is("locality", JsonValueKind.Array)),
        Map);

    private static IEnumerable<EditRecord> Map(RecordFields record)
    {
        yield return new EditRecord
        {
            Prompt = record.Need("prompt"),
            Target = record.Text("target") ?? "",
            Subject = record.Text("subject"),
            Paraphrases = record.Texts("rephrase"),
            Id = record.Label("id"),
            Columns = Provenance.Of([("from", record.Label("source"))]), // NQ, TQA or SQA, which is no place of the record
            Probes = [.. record.Objects("locality").Select(question => new Probe(
                ProbeKind.Locality, Group, question.Need("loc"), question.Texts("loc_ans")))],
        };
    }
}
