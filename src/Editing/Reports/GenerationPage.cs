using System.Text;
using Sharpformer.Editing.Metrics;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Reports;

/// <summary>Who made which token of a text, as one self-contained page.</summary>
public static class GenerationPage
{
    /// <summary>The page.</summary>
    /// <param name="origin">Who, when, which model and program.</param>
    /// <param name="side">The edited model.</param>
    /// <param name="text">What it wrote.</param>
    public static string Of(ReportOrigin origin, DiffSide side, ExplainedGeneration text)
    {
        ArgumentNullException.ThrowIfNull(origin);
        ArgumentNullException.ThrowIfNull(side);
        ArgumentNullException.ThrowIfNull(text);
        var body = new StringBuilder();
        body.Append("<table>\n").Append(Html.Origin(origin)).Append(Html.Side("Edited model", side));
        body.Append(Html.Fact("Prompt", Markup.Text(text.Made.Prompt))).Append(Html.Fact("Text", Markup.Text(text.Made.Text)));
        body.Append("</table>\n<h2>Tokens × edits</h2>\n");
        body.Append(GenerationPicture.Of(text, side.Edits.ToDictionary(edit => edit.Id)));
        body.Append("<h2>Token by token</h2>\n<table>\n<thead><tr><th>token</th><th class=\"n\">edit</th><th class=\"n\">margin</th>");
        body.Append("<th class=\"n\">before</th><th class=\"n\">after</th><th>base says</th></tr></thead>\n<tbody>\n");
        foreach (ExplainedToken token in text.Tokens)
        {
            bool speaks = token.First.State == FiringState.Answers;
            body.Append(speaks ? "<tr class=\"changed\">" : "<tr>").Append($"<td>“{Markup.Text(token.Text)}”</td>");
            body.Append($"<td class=\"n\">{(speaks ? $"{token.First.Edit}" : "")}</td>");
            body.Append($"<td class=\"n\">{(token.First.Edit == 0 ? "" : Markup.Number(token.First.Margin, "0.00"))}</td>");
            body.Append($"<td class=\"n\">{Markup.Number(100 * token.ProbabilityBefore, "0.0")} %</td>");
            body.Append($"<td class=\"n\">{Markup.Number(100 * token.ProbabilityAfter, "0.0")} %</td>");
            body.Append($"<td>“{Markup.Text(token.BaseText)}”</td></tr>\n");
        }

        body.Append("</tbody>\n</table>\n<p class=\"dim\">Before and after are the token's probability in the base and in the edited "
            + "model.");
        if (side.Model.ChangesWeights)
        {
            body.Append(" The store has edits that change weights as well: they act at every token and do not tell where they answer; "
                + "where a token differs from the base model's and no edit is named, it is theirs.");
        }

        body.Append("</p>");
        return Html.Page("Which edit speaks at which token", body.ToString());
    }
}
