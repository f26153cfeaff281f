using Sharpformer.Tensors;

namespace Sharpformer.Editing.Datasets;

/// <summary>
/// One edit of an edit set, with the prompts that measure it, in whatever layout its file has; see docs/datasets.md. A text that is
/// absent, null or blank in the file is null or missing here.
/// </summary>
public sealed record EditRecord
{
    /// <summary>The prompt to edit; efficacy (ES) is measured on it.</summary>
    public required string Prompt { get; init; }

    /// <summary>The new answer, without its leading space; empty only where a record was read that needs none.</summary>
    public required string Target { get; init; }

    /// <summary>What the edit is about; it fills a <c>{}</c> in the prompts.</summary>
    public string? Subject { get; init; }

    /// <summary>The prompt in other words; generalisation (PS) is measured on them.</summary>
    public IReadOnlyList<string> Paraphrases { get; init; } = [];

    /// <summary>Other names of the subject.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Questions beside the edit, in the order of the file.</summary>
    public IReadOnlyList<Probe> Probes { get; init; } = [];

    /// <summary>What was or is answered before the edit.</summary>
    public IReadOnlyList<string> OldAnswers { get; init; } = [];

    /// <summary>Further answers that the file names; they are kept with the edit and not measured.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>The relation's identifier, for example <c>P20</c>.</summary>
    public string? Relation { get; init; }

    /// <summary>The record's own name in its file: <c>id</c> or <c>case_id</c>.</summary>
    public string? Id { get; init; }

    /// <summary>Who answers for the edit.</summary>
    public string? Owner { get; init; }

    /// <summary>Why it is wanted.</summary>
    public string? Reason { get; init; }

    /// <summary>Where it comes from: what the file says, or the file's name and the record's number as in <c>zsre.json#17</c>.</summary>
    public string Source { get; init; } = "";

    /// <summary>What else people's own files say, by column.</summary>
    public Provenance Columns { get; init; } = Provenance.None;

    /// <summary>
    /// Reads all records of a file, in any layout that <see cref="RecordFile"/> knows, and refuses the file if one of them cannot be used.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">Stops after so many records of the file; what follows is not looked at. Null reads all.</param>
    /// <exception cref="InputException">The file cannot be read, holds no record, or one that is not as it should be.</exception>
    public static IReadOnlyList<EditRecord> Load(string path, int? limit = null)
    {
        using RecordFile file = RecordFile.Open(path);
        return file.Load(limit).Sound();
    }

    /// <summary>The prompt to edit and to measure ES on.</summary>
    /// <param name="trigger">Appended as it is, for example " Answer:"; empty for statements.</param>
    /// <param name="rules">What is done to the whole; null for the usual rules.</param>
    /// <exception cref="InputException">There is a <c>{}</c> and no subject to fill it.</exception>
    public string EditPrompt(string trigger, TextRules? rules = null) => (rules ?? TextRules.Default).Prompt(Prompt + trigger, Subject);

    /// <summary>The prompts to measure PS on.</summary>
    /// <inheritdoc cref="EditPrompt"/>
    public IReadOnlyList<string> ParaphrasePrompts(string trigger, TextRules? rules = null) =>
        [.. Paraphrases.Select(other => (rules ?? TextRules.Default).Prompt(other + trigger, Subject))];

    /// <summary>
    /// The edit this record asks for, its texts as the file has them. What is not taught goes along, but for the probes, which measure.
    /// </summary>
    /// <param name="answerTrigger">Appended to the prompt and its paraphrases.</param>
    public EditRequest ToRequest(string answerTrigger) => new(Prompt + answerTrigger, Target, Subject, Source)
    {
        Paraphrases = [.. Paraphrases.Select(other => other + answerTrigger)],
        Provenance = Provenance.Of(
        [
            ("owner", Owner), ("reason", Reason), ("id", Id), ("relation", Relation), ("old_answers", Provenance.TextOf(OldAnswers)),
            ("answers", Provenance.TextOf(Answers)), (EditRequest.AliasesName, Provenance.TextOf(Aliases)),
            .. Columns.Select(pair => (pair.Name, pair.Text)),
        ]),
    };
}
