using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Datasets.Layouts;
using Sharpformer.Editing.Store;

namespace Sharpformer.Editing.Exchange;

/// <summary>
/// Edits of a store as a table for people and their spreadsheets: what was asked for, not what was made of it. <see cref="RecordFile"/>
/// reads it. What the edits' own files said has columns behind, those with <c>own:</c> before their name whose name is one of this table.
/// </summary>
public static class RequestCsv
{
    private const string Id = "id", Reason = "reason";

    private static readonly string[] First = [Id, "status", "prompt", "target", "subject"];

    private static readonly string[] Last = ["source", "method", Reason, "created"];

    private static readonly CsvConfiguration Config = new(CultureInfo.InvariantCulture) { NewLine = "\n" };

    // What the reader of tables knows and makes the same of.
    private static readonly string[] AsTheyWere = ["owner", "relation", "old_answers", "answers", EditRequest.AliasesName];

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
        string[] said = [.. edits.SelectMany(edit => edit.Request.Provenance).Select(pair => pair.Name).Distinct()
            .Where(name => name != Reason)];
        using var csv = new CsvWriter(writer, Config, leaveOpen: true);
        Row([.. First, .. paraphrases, .. Last, .. said.Select(name => IsTaken(name) ? Provenance.Own + name : name)]);
        foreach (Edit edit in edits)
        {
            EditRequest r = edit.Request;
            Row(
            [
                edit.Id.ToString(CultureInfo.InvariantCulture), edit.Status.ToString().ToLowerInvariant(), r.Prompt, r.Target, r.Subject,
                .. Enumerable.Range(0, wordings).Select(i => i < r.Paraphrases.Count ? r.Paraphrases[i] : null),
                r.Source, edit.Method, r.Provenance[Reason] ?? reasons.GetValueOrDefault(edit.Id),
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

    /// <summary>What a row asks for; of one that <see cref="Write"/> wrote, without what it says of the edit that it was.</summary>
    public static EditRequest RequestOf(EditRecord row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.Id is null || OfTheEdit.Any(name => row.Columns[name] is null)) return row.ToRequest("");
        (string Name, string? Text)[] own = [.. row.Columns.Where(pair => pair.Name.StartsWith(Provenance.Own, StringComparison.Ordinal))
            .Select(pair => (pair.Name[Provenance.Own.Length..], pair.Text))];
        return (row with
        {
            Id = own.FirstOrDefault(pair => pair.Name == Id).Text,
            Columns = Provenance.Of(
            [
                .. own.Where(pair => pair.Name != Id),
                .. row.Columns.Where(pair => !OfTheEdit.Contains(pair.Name))
                    .Where(pair => !pair.Name.StartsWith(Provenance.Own, StringComparison.Ordinal)).Select(pair => (pair.Name, pair.Text)),
            ]),
        }).ToRequest("");
    }

    /// <summary>Whether a name that a file gave something means something else as a column of this table.</summary>
    private static bool IsTaken(string name) => name.StartsWith(Provenance.Own, StringComparison.Ordinal) || OfTheEdit.Contains(name)
        || (PlainLayout.Names(name) && !AsTheyWere.Contains(name));
}
