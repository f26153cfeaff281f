namespace Sharpformer.Editing.Datasets.Layouts;

/// <summary>zsRE as MEND trains on it. Of several alternatives the first is the target.</summary>
internal static class MendLayout
{
    /// <summary>The layout.</summary>
    public static Layout Layout { get; } = new(
        "mend-zsre", "input, prediction, alternatives, filtered_rephrases", "alternatives",
        ["id", "input", "prediction", "alternatives", "filtered_rephrases", "output"],
        record => record.Has("input") && record.Has("alternatives"), Map);

    private static IEnumerable<EditRecord> Map(RecordFields record)
    {
        yield return new EditRecord
        {
            Prompt = record.Need("input"),
            Target = record.FirstText("alternatives") ?? "",
            Paraphrases = record.Texts("filtered_rephrases"),
            OldAnswers = record.Texts("prediction"),
            Answers = [.. record.Objects("output").SelectMany(output => output.Texts("answer"))],
            Id = record.Label("id"),
        };
    }
}
