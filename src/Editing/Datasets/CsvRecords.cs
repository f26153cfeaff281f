using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using Sharpformer.Editing.Datasets.Layouts;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Datasets;

/// <summary>
/// The records of a table, one by one: the first line names the columns, each other row is an object of those cells that are not blank.
/// Fields are divided by commas, semicolons or tabs, or by what a line <c>sep=</c> before the first names.
/// </summary>
internal sealed class CsvRecords : IDisposable
{
    private const int LargestField = 64 << 20;
    private const string Told = "sep=";

    private static readonly char[] Delimiters = [',', ';', '\t'];

    private readonly string name;
    private readonly CsvParser parser;
    private readonly string[] columns;
    private LineCounter lines = new();
    private int index;

    /// <summary>Reads the names of the columns.</summary>
    /// <param name="stream">The table, UTF-8.</param>
    /// <param name="head">Its first bytes, with the first line among them.</param>
    /// <param name="name">Its name, for errors.</param>
    /// <exception cref="InputException">A name is there twice, but for columns that may come again.</exception>
    public CsvRecords(Stream stream, ReadOnlySpan<byte> head, string name)
    {
        this.name = name;
        (char delimiter, bool isTold) = DelimiterOf(Encoding.UTF8.GetString(head));
        parser = new CsvParser(new TableText(stream, name, delimiter), new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = delimiter.ToString(),
            IgnoreBlankLines = false, // lines are counted
            BadDataFound = null, // told with its row, see Fault
            MaxFieldSize = LargestField,
        });
        if (isTold && ReadRow()) lines.Pass<char>(parser.RawRecord);
        if (!ReadRow()) throw new InputException($"Record file '{name}' holds no record.");
        string where = $"Record file '{name}', line {lines.Line}";
        columns = [.. parser.Record!.Select(NameOf)];
        lines.Pass<char>(parser.RawRecord);
        IEnumerable<string> once = columns.Where(column => column != PlainLayout.Paraphrase);
        if (once.CountBy(column => column).FirstOrDefault(of => of.Value > 1).Key is { } twice)
            throw new InputException($"{where}: the column {Quoted.Text(twice)} is there twice.");
    }

    /// <summary>The next record; null after the last one.</summary>
    /// <exception cref="InputException">The rest of the table cannot be read.</exception>
    public RawRecord? Next()
    {
        while (ReadRow())
        {
            int line = lines.Line;
            string raw = parser.RawRecord;
            lines.Pass<char>(raw);
            if (string.IsNullOrWhiteSpace(raw)) continue;
            return Fault(raw) is { } fault
                ? new RawRecord(index++, line) { Fault = fault }
                : new RawRecord(index++, line) { Json = Row() };
        }

        return null;
    }

    private bool ReadRow()
    {
        try
        {
            return parser.Read();
        }
        catch (MaxFieldSizeException)
        {
            throw new InputException(
                $"{new BadRecord(name, index, lines.Line, null, $"fields of at most {LargestField >> 20} MiB", "a larger one")}",
                "does a quotation mark never close?");
        }
    }

    public void Dispose() => parser.Dispose();

    private (string Expected, string Got)? Fault(string raw)
    {
        if (raw.AsSpan().Count('"') % 2 != 0) return ("a row of fields", "a quotation mark that never closes");
        if (parser.Count != columns.Length)
            return ($"{columns.Length} fields as the first line names columns", $"{parser.Count}");
        if (IsOddlyQuoted(raw))
            return ("a row of fields, those with quotation marks as \"such \"\"as\"\" this\"", "quotation marks within a field");
        return raw.Contains('\0', StringComparison.Ordinal) ? ("a row of fields", "one with a NUL character") : null;
    }

    /// <summary>Whether a quotation mark stands elsewhere than around a field, or twice within one.</summary>
    private bool IsOddlyQuoted(string raw)
    {
        bool isWithin = false, isStart = true;
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '"')
            {
                isStart = !isWithin && EndsField(raw[i]);
                continue;
            }

            if (isWithin && i + 1 < raw.Length && raw[i + 1] == '"') i++;
            else if (!isWithin && !isStart) return true;
            else if (isWithin && i + 1 < raw.Length && !EndsField(raw[i + 1])) return true;
            else isWithin = !isWithin;
            isStart = false;
        }

        return false;
    }

    private bool EndsField(char next) => next is '\r' or '\n' || parser.Delimiter.StartsWith(next);

    private JsonDocument Row()
    {
        var cells = new Dictionary<string, object>();
        var paraphrases = new List<string>();
        for (int i = 0; i < columns.Length; i++)
        {
            string cell = SheetText.Read(parser[i]);
            if (string.IsNullOrWhiteSpace(cell)) continue;
            if (columns[i] == PlainLayout.Paraphrase) paraphrases.Add(cell);
            else cells[columns[i]] = cell;
            if (paraphrases.Count > 0) cells[PlainLayout.Paraphrase] = paraphrases;
        }

        return JsonSerializer.SerializeToDocument(cells, EditingJson.Default.DictionaryStringObject);
    }

    /// <summary>
    /// The one that divides the first line into most parts; or that which the first line names, as spreadsheets write it: <c>sep=;</c>.
    /// </summary>
    private static (char Delimiter, bool IsTold) DelimiterOf(string head)
    {
        int end = head.AsSpan().IndexOfAny('\r', '\n');
        string first = end < 0 ? head : head[..end];
        if (first.Length == Told.Length + 1 && first.StartsWith(Told, StringComparison.OrdinalIgnoreCase)
            && !char.IsLetterOrDigit(first[^1]) && first[^1] is not ('"' or ' ')) return (first[^1], true);
        string[] unquoted = [.. first.Split('"').Where((_, i) => i % 2 == 0)];
        return (Delimiters.MaxBy(delimiter => unquoted.Sum(part => part.Split(delimiter).Length)), false);
    }

    // People write "Prompt", and mean the column that is known.
    private static string NameOf(string column)
    {
        string name = column.Trim(), lower = name.ToLowerInvariant();
        return PlainLayout.Names(lower) ? lower : name;
    }
}
