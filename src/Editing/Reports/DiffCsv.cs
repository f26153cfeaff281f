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
        csv.Row(
            "text", "position", "base", "base_probability", "before", "before_probability", "after", "after_probability", "changed",
            "kl_nats", "edit_before", "edit_after");
        foreach (Difference d in report.Differences)
        {
            SaidToken was = (d.Base ?? d.Before)[0], before = d.Before[0], after = d.After[0];
            csv.Row(
                d.Text, d.Position, was.Text, was.Probability, before.Text, before.Probability, after.Text, after.Probability,
                d.IsChanged ? "yes" : "no", d.Kl, d.EditBefore, d.EditAfter);
        }
    }
}
