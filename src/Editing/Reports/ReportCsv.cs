using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace Sharpformer.Editing.Reports;

/// <summary>
/// How tables for other programs are written: numbers the same in every country, and a text that a spreadsheet would take for a formula
/// with an apostrophe before it.
/// </summary>
internal static class ReportCsv
{
    /// <summary>Writes records to a text, which stays open.</summary>
    public static CsvWriter Over(TextWriter writer) => new(
        writer, new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n", InjectionOptions = InjectionOptions.Escape },
        leaveOpen: true);

    /// <summary>Writes a line; null is an empty field.</summary>
    public static void Row(this CsvWriter csv, params ReadOnlySpan<object?> fields)
    {
        foreach (object? field in fields) csv.WriteField(Convert.ToString(field, CultureInfo.InvariantCulture));
        csv.NextRecord();
    }
}
