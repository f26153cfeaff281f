using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Store;

namespace Sharpformer.Editing.Exchange;

/// <summary>
/// Edits of a store as a table for people and their spreadsheets: what was asked for, not what was made of it. <see cref="RecordFile"/>
/// reads it.
/// </summary>
public static class RequestCsv
{
    private static readonly string[] First = ["id", "status", "prompt", "target", "subject"];

    private static readonly string[] Last = ["source", "method", "reason", "created"];

    private static readonly CsvConfiguration Config = new(CultureInfo.InvariantCulture) { NewLine = "\n" };

    /// <summary>Columns that say what became of the edit: reading keeps them beside the fact, as columns that it does not know.</summary>
    public static IReadOnlyList<string> OfTheEdit { get; } = ["status", "method", "created"];

    /// <summary>Writes edits of a store, but for undone and removed ones unless they are asked for.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="store">The store.</param>
    /// <param name="filter">Which edits; null for all.</param>
    /// <param name="at">As they were then; null is now.</param>
    /// <returns>How many.</returns>
    public static int Write(TextWriter writer, EditStore store, EditFilter? filter = null, StoreMoment? at = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        bool withGone = filter?.NamesStatus == true;
        Edit[] edits = [.. store.List(withParts: false, includeRemoved: withGone, at).Where(edit => filter?.Matches(edit) != false)];
        Dictionary<long, string?> reasons = store.Events().Where(line => line.Action == EditAction.Added)
            .ToDictionary(line => line.EditId, line => line.Reason);
        int wordings = Math.Max(1, edits.Select(edit => edit.Request.Paraphrases.Count).DefaultIfEmpty().Max());
        string[] paraphrases = [.. Enumerable.Range(1, wordings).Select(i => $"paraphrase_{i}")];
        // What the file said of it has columns of its own, but for those of this table: here an edit's id is that of the store.
        string[] said = [.. edits.SelectMany(edit => edit.Request.Provenance).Select(pair => pair.Name).Distinct()
            .Except([.. First, .. paraphrases, .. Last])];
        using var csv = new CsvWriter(writer, Config, leaveOpen: true);
        Row([.. First, .. paraphrases, .. Last, .. said]);
        foreach (Edit edit in edits)
        {
            EditRequest r = edit.Request;
            Row(
            [
                edit.Id.ToString(CultureInfo.InvariantCulture), edit.Status.ToString().ToLowerInvariant(), r.Prompt, r.Target, r.Subject,
                .. Enumerable.Range(0, wordings).Select(i => i < r.Paraphrases.Count ? r.Paraphrases[i] : null),
                r.Source, edit.Method, r.Provenance["reason"] ?? reasons.GetValueOrDefault(edit.Id),
                edit.CreatedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture), .. said.Select(name => r.Provenance[name]),
            ]);
        }

        return edits.Length;

        void Row(IEnumerable<string?> fields)
        {
            foreach (string? field in fields) csv.WriteField(SheetText.Write(field));
            csv.NextRecord();
        }
    }
}
