namespace Sharpformer.Editing.Datasets.Layouts;

/// <summary>
/// Records of which <c>requested_rewrite</c> is a request of EasyEdit. Its <c>loc_prompt</c> has a question and its answer in one text, for
/// methods that train on unrelated text; it asks nothing and is not used.
/// </summary>
internal static class EasyEditRequestLayout
{
    /// <summary>The layout.</summary>
    public static Layout Layout { get; } = new(
        "easyedit-request", "requested_rewrite{prompt, target_new}", "requested_rewrite", ["case_id", "requested_rewrite"],
        record => record.HasObject("requested_rewrite"), Map);

    private static IEnumerable<EditRecord> Map(RecordFields record)
    {
        RecordFields rewrite = record.Object("requested_rewrite");
        EditRecord edit = EasyEditLayout.Edit(rewrite);
        if (edit.Target.Length == 0) throw rewrite.Missing("target_new");
        yield return edit with { Id = record.Label("case_id") };
    }
}
