using System.Text;
using Sharpformer.Editing.Metrics;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Reports;

/// <summary>A comparison of two models as one self-contained page to be filed.</summary>
public static class DiffPage
{
    /// <summary>The page.</summary>
    /// <param name="origin">Who, when, which model and program.</param>
    /// <param name="before">The first model.</param>
    /// <param name="after">The second.</param>
    /// <param name="report">What came of it.</param>
    /// <param name="rows">How many positions to show, most changed first.</param>
    public static string Of(ReportOrigin origin, DiffSide before, DiffSide after, DiffReport report, int rows)
    {
        ArgumentNullException.ThrowIfNull(origin);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(report);
        var body = new StringBuilder();
        body.Append("<table>\n");
        body.Append(Html.Origin(origin));
        body.Append(Html.Side("Before", before)).Append(Html.Side("After", after));
        body.Append("</table>\n<h2>Drift</h2>\n<table>\n").Append(Summary(report.Drift)).Append("</table>\n");
        AppendRows(body, report, rows);
        return Html.Page("What edits changed", body.ToString());
    }

    private static string Summary(Drift drift) =>
        Html.Fact("Positions compared", $"{drift.Positions}")
        + Html.Fact("Another token is said", $"{drift.Changed} ({Markup.Number(drift.ChangedPercent, "0.00")} %)")
        + Html.Fact("Probabilities differ at all", $"{drift.Touched}")
        + Html.Fact("An edit answers after", $"{drift.Answered}")
        + Html.Fact("Mean KL(before ‖ after)", $"{Markup.Number(drift.MeanKl, "0.0000")} nats")
        + Html.Fact("Largest KL", $"{Markup.Number(drift.MaxKl, "0.0000")} nats");

    private static void AppendRows(StringBuilder body, DiffReport report, int rows)
    {
        Difference[] shown = [.. report.MostChanged.Take(rows)];
        bool hasBase = shown.Any(d => d.Base is not null);
        body.Append($"<h2>Most changed first: {shown.Length} of {report.Differences.Count}</h2>\n<table>\n<thead><tr><th>text</th>");
        if (hasBase) body.Append("<th>base says</th>");
        body.Append("<th>before</th><th>after</th><th class=\"n\">KL, nats</th><th class=\"n\">edit</th></tr></thead>\n<tbody>\n");
        foreach (Difference d in shown)
        {
            body.Append(d.IsChanged ? "<tr class=\"changed\">" : "<tr>").Append($"<td>{Markup.Text(d.Text)}</td>");
            if (hasBase) body.Append($"<td>{Tokens(d.Base ?? d.Before)}</td>");
            double width = double.IsFinite(d.Kl) && report.Drift.MaxKl > 0 ? 100 * d.Kl / report.Drift.MaxKl : 100;
            body.Append($"<td>{Tokens(d.Before)}</td><td>{Tokens(d.After)}</td>");
            body.Append($"<td class=\"n bar\" style=\"--w: {Markup.Number(width, "0.#")}%\">{Markup.Number(d.Kl, "0.0000")}</td>");
            body.Append($"<td class=\"n\">{Edits(d)}</td></tr>\n");
        }

        body.Append("</tbody>\n</table>\n<p class=\"dim\">A mark at the left: another token has become the most likely one. KL is "
            + "the divergence of the next token's distribution before from that after. Edits that change weights do not tell where they "
            + "answer.</p>");
    }

    /// <summary>The most likely token in full, the others behind it.</summary>
    private static string Tokens(IReadOnlyList<SaidToken> said)
    {
        string first = $"<b>{Token(said[0])}</b>";
        return said.Count == 1 ? first : $"{first}<br><span class=\"dim\">{string.Join(", ", said.Skip(1).Select(Token))}</span>";

        static string Token(SaidToken token) => $"“{Markup.Text(token.Text)}” {Markup.Number(100 * token.Probability, "0.0")} %";
    }

    private static string Edits(Difference d) => (d.EditBefore, d.EditAfter) switch
    {
        (null, null) => "",
        (null, { } after) => $"{after}",
        ({ } before, { } after) when before == after => $"{after}",
        ({ } before, var after) => $"{before} → {(after is null ? "none" : after)}",
    };
}
