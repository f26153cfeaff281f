using Sharpformer.Editing.Metrics;

namespace Sharpformer.Editing.Reports;

/// <summary>
/// A comparison of two models as a table for other programs: one line per position, in the order of what was asked.
/// </summary>
public static class DiffCsv
{
    /// <summary>Writes it, with a line of names first.</summary>
    public static void Write(TextWriter writer, DiffReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        using CsvHelper.CsvWriter csv = ReportCsv.Over(writer);
        csv.WriteRecords(report.Differences.Select(d => new
        {
            text = d.Text,
            position = d.Position,
            @base = (d.Base ?? d.Before)[0].Text,
            base_probability = (d.Base ?? d.Before)[0].Probability,
            before = d.Before[0].Text,
            before_probability = d.Before[0].Probability,
            after = d.After[0].Text,
            after_probability = d.After[0].Probability,
            changed = d.IsChanged ? "yes" : "no",
            kl_nats = d.Kl,
            edit_before = d.EditBefore,
            edit_after = d.EditAfter,
        }));
    }
}
