namespace Sharpformer.Editing.Datasets.Layouts;

/// <summary>Records as EasyEdit takes them: its forms of zsRE and CounterFact, and KnowEdit.</summary>
internal static class EasyEditLayout
{
    /// <summary>The layout.</summary>
    public static Layout Layout { get; } = new(
        "easyedit", "prompt, target_new", "target_new",
        ["case_id", "prompt", "target_new", "ground_truth", "subject", "rephrase_prompt", "rephrase", "relation_id",
            .. EasyEditProbes.Fields],
        record => record.Has("target_new"), record => [Edit(record) with { Id = record.Label("case_id") }]);

    /// <summary>The edit of an object with such fields.</summary>
    public static EditRecord Edit(RecordFields edit) => new()
    {
        Prompt = edit.Need("prompt"),
        Target = edit.FirstText("target_new") ?? "",
        Answers = [.. edit.Texts("target_new").Skip(1)],
        Subject = edit.Text("subject"),
        Paraphrases = [.. edit.Texts("rephrase_prompt"), .. edit.Texts("rephrase")],
        OldAnswers = EasyEditProbes.OldAnswers(edit),
        Relation = edit.Text("relation_id"),
        Probes = EasyEditProbes.Of(edit),
    };
}
