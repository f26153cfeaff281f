using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Exchange;

/// <summary>A fact of a table, and what else its row says.</summary>
/// <param name="Request">The fact.</param>
/// <param name="Status">What its edit did; null where the row does not say.</param>
/// <param name="Reason">Why it was taught; null where the row does not say.</param>
public sealed record RequestRow(EditRequest Request, EditStatus? Status, string? Reason);

/// <summary>What a table holds.</summary>
/// <param name="Rows">Its facts, in order.</param>
/// <param name="Unused">The names of columns that teaching has no use for, but for numbers and times of edits.</param>
public sealed record RequestTable(IReadOnlyList<RequestRow> Rows, IReadOnlyList<string> Unused);

/// <summary>
/// Facts as a table for people and their spreadsheets: what was asked for, not what was made of it. A text that a spreadsheet would take
/// for a formula stands behind an apostrophe; reading takes it away again.
/// </summary>
public static class RequestCsv
{
    private const string Paraphrase = "paraphrase";

    private static readonly string[] Known = ["prompt", "target", "subject", "source", "reason", "status", "id", "created"];

    private static readonly CsvConfiguration Config = new(CultureInfo.InvariantCulture) { NewLine = "\n" };

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
        using var csv = new CsvWriter(writer, Config, leaveOpen: true);
        IEnumerable<string> paraphrases = Enumerable.Range(1, wordings).Select(i => $"{Paraphrase}_{i}");
        Row(["id", "status", "prompt", "target", "subject", .. paraphrases, "source", "method", "reason", "created"]);
        foreach (Edit edit in edits)
        {
            EditRequest r = edit.Request;
            Row(
            [
                edit.Id.ToString(CultureInfo.InvariantCulture), edit.Status.ToString().ToLowerInvariant(), r.Prompt, r.Target, r.Subject,
                .. Enumerable.Range(0, wordings).Select(i => i < r.Paraphrases.Count ? r.Paraphrases[i] : null),
                r.Source, edit.Method, reasons.GetValueOrDefault(edit.Id),
                edit.CreatedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            ]);
        }

        return edits.Length;

        void Row(IEnumerable<string?> fields)
        {
            foreach (string? field in fields) csv.WriteField(IsFormula(field) ? "'" + field : field);
            csv.NextRecord();
        }
    }

    /// <summary>
    /// Reads a table with the columns <c>prompt</c> and <c>target</c>, and <c>subject</c>, <c>paraphrase</c> or <c>paraphrase_1</c> and so
    /// on, <c>source</c>, <c>status</c> and <c>reason</c> where they are, whatever the case of their names. Commas, semicolons or tabs.
    /// </summary>
    /// <param name="path">The file, UTF-8.</param>
    /// <exception cref="InputException">It cannot be read, lacks a column, or a row is not as it should be.</exception>
    public static RequestTable Read(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (Directory.Exists(path)) throw new InputException($"{path}: expected a file, got a folder.");
        if (!File.Exists(path)) throw new InputException($"{path}: the file does not exist.");
        try
        {
            string names = File.ReadLines(path).FirstOrDefault() ?? throw new InputException($"{path}: the file is empty.");
            using var text = new StreamReader(path, new System.Text.UTF8Encoding(true, throwOnInvalidBytes: true));
            var config = new CsvConfiguration(CultureInfo.InvariantCulture) { Delimiter = DelimiterOf(names, path) };
            using var csv = new CsvReader(text, config);
            csv.Read();
            csv.ReadHeader();
            string[] header = [.. csv.HeaderRecord!.Select(NameOf)];
            if (header.GroupBy(name => name).FirstOrDefault(of => of.Key != Paraphrase && of.Count() > 1) is { } twice)
                throw new InputException($"{path}: the column {Quoted.Text(twice.Key)} is there twice.");
            var rows = new List<RequestRow>();
            while (csv.Read())
            {
                if (csv.Parser.Count != header.Length)
                    throw Wrong(path, csv, $"{csv.Parser.Count} fields, expected {header.Length} as in the first line");
                rows.Add(Parse(csv, header, path));
            }

            if (rows.Count == 0) throw new InputException($"{path}: no row follows the names of the columns.");
            string[] unused = [.. csv.HeaderRecord!.Where((_, i) => !Known.Contains(header[i]) && !IsParaphrase(header[i]))];
            return new RequestTable(rows, unused);
        }
        catch (CsvHelperException e)
        {
            throw new InputException(
                $"{path}, line {e.Context?.Parser?.RawRow}: expected a row of fields, those with quotation marks as \"\"such\"\".",
                null, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.DecoderFallbackException)
        {
            throw new InputException($"{path}: cannot be read: {FileErrors.Reason(e)}.", null, e);
        }
    }

    private static RequestRow Parse(CsvReader csv, string[] header, string path)
    {
        string? prompt = null, target = null, subject = null, source = null, reason = null;
        EditStatus? status = null;
        var wordings = new List<string>();
        for (int i = 0; i < header.Length; i++)
        {
            string field = csv.GetField(i) ?? "";
            if (field.StartsWith('\'') && IsFormula(field[1..])) field = field[1..];
            if (string.IsNullOrWhiteSpace(field)) continue;
            switch (header[i])
            {
                case "prompt": prompt = field; break;
                case "target": target = field; break;
                case "subject": subject = field; break;
                case "source": source = field; break;
                case "reason": reason = field; break;
                case "status": status = StatusOf(csv, field, path); break;
                case var name when IsParaphrase(name): wordings.Add(field); break;
            }
        }

        if (prompt is null) throw Wrong(path, csv, "the prompt is blank");
        if (target is null) throw Wrong(path, csv, "the target is blank");
        source ??= $"{Path.GetFileName(path)}#{csv.Parser.Row - 2}"; // counted from 0, without the names
        return new RequestRow(new EditRequest(prompt, target, subject, source) { Paraphrases = wordings }, status, reason);
    }

    private static EditStatus StatusOf(CsvReader csv, string text, string path)
    {
        foreach (EditStatus status in Enum.GetValues<EditStatus>())
            if (status.ToString().Equals(text, StringComparison.OrdinalIgnoreCase)) return status;
        string expected = string.Join(", ", Enum.GetNames<EditStatus>()).ToLowerInvariant();
        throw Wrong(path, csv, $"the status is {Quoted.Text(text)}, expected one of {expected}");
    }

    private static string DelimiterOf(string names, string path)
    {
        foreach (string delimiter in (string[])[",", ";", "\t"])
        {
            string[] columns = [.. names.TrimStart('\uFEFF').Split(delimiter).Select(name => NameOf(name.Trim().Trim('"')))];
            if (columns.Contains("prompt") && columns.Contains("target")) return delimiter;
        }

        throw new InputException(
            $"{path}: the first line is {Quoted.Text(names)}, expected names of columns, \"prompt\" and \"target\" among them.");
    }

    private static string NameOf(string column) => column.Trim().ToLowerInvariant();

    private static bool IsParaphrase(string name) =>
        name == Paraphrase || name.StartsWith(Paraphrase + "_", StringComparison.Ordinal);

    // Also what was written behind an apostrophe before, so that one is taken away for each that was set.
    private static bool IsFormula(string? text) =>
        text?.TrimStart('\'') is [var first, ..] && first is '=' or '+' or '-' or '@' or '\t' or '\r';

    private static InputException Wrong(string path, CsvReader csv, string what) => new($"{path}, line {csv.Parser.RawRow}: {what}.");
}
