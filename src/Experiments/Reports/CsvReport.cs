using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Running;

namespace Sharpformer.Experiments.Reports;

/// <summary>A report as a table for programs: a line for each point of each experiment, a column for each figure.</summary>
public static class CsvReport
{
    /// <summary>Writes it.</summary>
    public static void Write(TextWriter writer, Report report)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(report);
        using var csv = new CsvWriter(writer, new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n" }, leaveOpen: true);
        ReportColumn[] columns = [.. ReportColumn.Names.Select(ReportColumn.Named)];
        Line(csv, ["experiment", "model", "data", "method", "varied", "edits", "seed", "key", .. columns.Select(column => column.Name)]);
        foreach (ReportSection section in report.Sections)
        {
            foreach ((KeptPoint point, PointResult result) in report.Done(section))
            {
                string varied = string.Join(' ', point.At.Select(one => $"{one.Key}={one.Value}"));
                Line(
                    csv,
                    [
                        section.Plan.Name, point.Model, point.Data, point.Label, varied, Number(point.Count), Number(point.Seed), point.Key,
                        .. columns.Select(column => column.Of(result) is { } value ? Number(value.Value) : ""),
                    ]);
            }
        }
    }

    private static void Line(CsvWriter csv, string[] fields)
    {
        foreach (string field in fields) csv.WriteField(field);
        csv.NextRecord();
    }

    private static string Number(IFormattable value) => value.ToString("R", CultureInfo.InvariantCulture);
}
