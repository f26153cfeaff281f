using Sharpformer.Tensors;

namespace Sharpformer.Editing.Datasets;

/// <summary>
/// One fact of an edit set, with the prompts that measure it. Only <see cref="Src"/> and <see cref="Alt"/> are always
/// there; a field that is absent, null or blank in the file is null here.
/// </summary>
public sealed record EditRecord
{
    /// <summary>What the fact is about.</summary>
    public string? Subject { get; init; }

    /// <summary>The prompt to edit; efficacy (ES) is measured on it.</summary>
    public required string Src { get; init; }

    /// <summary>The same question in other words; generalisation (PS) is measured on it.</summary>
    public string? Rephrase { get; init; }

    /// <summary>The new answer, without its leading space.</summary>
    public required string Alt { get; init; }

    /// <summary>An unrelated question; locality (NS) is measured on it.</summary>
    public string? Loc { get; init; }

    /// <summary>The answer to <see cref="Loc"/>, without its leading space.</summary>
    public string? LocAns { get; init; }

    /// <summary>The relation's identifier, for example <c>P20</c>.</summary>
    public string? Relation { get; init; }

    /// <summary>
    /// Reads a JSON array of records, or JSON Lines, without holding the file in memory. Unknown fields are skipped.
    /// Record i of the file is element i of the list.
    /// </summary>
    /// <param name="path">The file, UTF-8.</param>
    /// <param name="limit">Stops after so many records; what follows is not looked at. Null reads all.</param>
    /// <exception cref="InputException">
    /// The file is missing, holds no record, or one of its records is not as it should be; the sentence names file,
    /// record (counted from 0), line (counted from 1), field, expected and got.
    /// </exception>
    public static IReadOnlyList<EditRecord> Load(string path, int? limit = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (limit <= 0) throw new InputException($"Limit {limit} of records from '{path}': expected 1 or more.");
        if (Directory.Exists(path)) throw new InputException($"Record file '{path}': expected a file, got a folder.");
        if (!File.Exists(path)) throw new InputException($"Record file '{path}' does not exist.", "check the path.");
        try
        {
            using FileStream stream = File.OpenRead(path);
            List<EditRecord> records = [];
            var reader = new EditRecordReader(stream, path);
            while (records.Count < (limit ?? int.MaxValue) && reader.Next() is { } record) records.Add(record);
            if (records.Count > 0) return records;
            throw new InputException($"Record file '{path}' holds no record.", EditRecordReader.Expected);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Record file '{path}' cannot be read: {error.Message}", null, error);
        }
    }

    /// <summary>The prompt to edit and to measure ES on; its target is <see cref="Alt"/>.</summary>
    /// <param name="trigger">Appended as it is, for example " Answer:"; empty for statements.</param>
    /// <param name="rules">What is done to the whole; null for the usual rules.</param>
    /// <exception cref="InputException">There is a <c>{}</c> and no subject to fill it.</exception>
    public string EditPrompt(string trigger, TextRules? rules = null) => (rules ?? TextRules.Default).Prompt(Src + trigger, Subject);

    /// <summary>The prompt to measure PS on; its target is <see cref="Alt"/>. Null without a rephrase.</summary>
    /// <inheritdoc cref="EditPrompt"/>
    public string? RephrasePrompt(string trigger, TextRules? rules = null) =>
        Rephrase is null ? null : (rules ?? TextRules.Default).Prompt(Rephrase + trigger, Subject);

    /// <summary>
    /// The prompt to measure NS on: a question mark, unless the question brings its own, and the trigger. Its target is
    /// <see cref="LocAns"/>. Null without a question or without its answer.
    /// </summary>
    /// <param name="locTrigger">Appended as it is after the question mark.</param>
    public string? LocalityPrompt(string locTrigger)
    {
        if (Loc is null || LocAns is null) return null;
        return (Loc.EndsWith('?') ? Loc : Loc + "?") + locTrigger;
    }

    /// <summary>The edit this record asks for, its texts as the file has them.</summary>
    /// <param name="answerTrigger">Appended to <see cref="Src"/>.</param>
    /// <param name="source">Where the record came from, for example <c>zsre.json#17</c>.</param>
    public EditRequest ToRequest(string answerTrigger, string source) => new(Src + answerTrigger, Alt, Subject, source)
    {
        Paraphrases = Rephrase is null ? [] : [Rephrase + answerTrigger],
    };
}
