namespace Sharpformer.Editing.Datasets.Layouts;

/// <summary>CounterFact as ROME published it. Texts to continue freely (<c>generation_prompts</c>) are not measured.</summary>
internal static class CounterFactLayout
{
    /// <summary>The group of prompts about other subjects of the old answer.</summary>
    public const string Neighborhood = "neighborhood";

    /// <summary>The group of prompts about other subjects of the new answer.</summary>
    public const string Attribute = "attribute";

    /// <summary>The layout.</summary>
    public static Layout Layout { get; } = new(
        "counterfact", "requested_rewrite{prompt, subject, target_new{str}, target_true{str}}", "requested_rewrite",
        ["case_id", "requested_rewrite", "paraphrase_prompts", "neighborhood_prompts", "attribute_prompts"],
        record => record.HasObject("requested_rewrite") && record.Object("requested_rewrite").HasObject("target_new"), Map);

    /// <summary>The prompt, targets and subject of a <c>requested_rewrite</c>, which others have taken over.</summary>
    public static EditRecord Rewrite(RecordFields rewrite)
    {
        string? subject = rewrite.Text("subject");
        return new EditRecord
        {
            Prompt = Filled(rewrite.Need("prompt"), subject),
            Target = rewrite.Object("target_new").Need("str"),
            Subject = subject,
            OldAnswers = rewrite.Has("target_true") ? rewrite.Object("target_true").Texts("str") : [],
            Relation = rewrite.Text("relation_id"),
        };
    }

    private static IEnumerable<EditRecord> Map(RecordFields record)
    {
        EditRecord edit = Rewrite(record.Object("requested_rewrite"));
        yield return edit with
        {
            Id = record.Label("case_id"),
            Paraphrases = record.Texts("paraphrase_prompts"),
            Probes =
            [
                .. record.Texts("neighborhood_prompts").Select(p => new Probe(ProbeKind.Locality, Neighborhood, p, edit.OldAnswers)),
                .. record.Texts("attribute_prompts").Select(p => new Probe(ProbeKind.Attribute, Attribute, p, [edit.Target])),
            ],
        };
    }

    // A place without a subject stays, and is refused where the prompt is used.
    private static string Filled(string prompt, string? subject) =>
        subject is null ? prompt : prompt.Replace("{}", subject, StringComparison.Ordinal);
}
