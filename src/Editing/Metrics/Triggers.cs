using Sharpformer.Editing.Datasets;

namespace Sharpformer.Editing.Metrics;

/// <summary>How a record's prompts end; see <see cref="EditRecord"/>.</summary>
/// <param name="AnswerTrigger">Appended to prompts, paraphrases and questions of portability.</param>
/// <param name="LocTrigger">Appended to questions of locality and of attributes.</param>
public sealed record Triggers(string AnswerTrigger, string LocTrigger)
{
    /// <summary>
    /// What is done to the texts of prompts and their answers. Unrelated questions are asked as their data set means them:
    /// <see cref="TextRules.Published"/>.
    /// </summary>
    public TextRules Texts { get; init; } = TextRules.Default;
}
