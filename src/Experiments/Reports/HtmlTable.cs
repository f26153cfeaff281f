using System.Text;
using Sharpformer.Transformer;

namespace Sharpformer.Experiments.Reports;

/// <summary>A table of a page that is sorted by a click on a head, and filtered where it has a name; see report.js.</summary>
/// <param name="name">Its name; null for a table without a field to filter it.</param>
internal sealed class HtmlTable(string? name = null)
{
    private readonly StringBuilder heads = new(), rows = new();

    /// <summary>A field that shows only rows with all the words that are written in it.</summary>
    public static string Filter(string name) =>
        $"<input class=\"filter\" data-for=\"{name}\" type=\"search\" placeholder=\"Filter: words of a row\" aria-label=\"Filter\">";

    /// <summary>Adds a column.</summary>
    /// <param name="title">Its head.</param>
    /// <param name="isNumber">Whether it holds numbers.</param>
    /// <param name="hint">What who points at the head is told.</param>
    /// <param name="classes">Further classes.</param>
    public HtmlTable Head(string title, bool isNumber = false, string? hint = null, string classes = "")
    {
        string of = isNumber ? $"n {classes}".Trim() : classes;
        heads.Append($"<th{(of.Length == 0 ? "" : $" class=\"{of}\"")}{(hint is null ? "" : $" title=\"{Markup.Text(hint)}\"")}>");
        heads.Append($"{Markup.Text(title)}</th>");
        return this;
    }

    /// <summary>Adds a row.</summary>
    /// <param name="cells">Its cells, see <see cref="Text"/> and <see cref="Number"/>.</param>
    public void Row(params IEnumerable<string> cells) => rows.Append("<tr>").AppendJoin("", cells).Append("</tr>\n");

    /// <summary>A cell with a text.</summary>
    public static string Text(string text) => $"<td>{Markup.Text(text)}</td>";

    /// <summary>A cell with a number.</summary>
    /// <param name="markup">How it is shown.</param>
    /// <param name="value">By what it is sorted, where that is not what is shown.</param>
    /// <param name="classes">Further classes.</param>
    public static string Number(string markup, double? value = null, string classes = "")
    {
        string data = value is { } of ? $" data-value=\"{Markup.Number(of, "R")}\"" : "";
        return $"<td class=\"{$"n {classes}".Trim()}\"{data}>{markup}</td>";
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string id = name is null ? "" : $" id=\"{name}\"", field = name is null ? "" : $"<p>{Filter(name)}</p>\n";
        string body = $"<thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody>";
        return $"{field}<div class=\"wide\"><table class=\"sorted\"{id}>{body}</table></div>\n";
    }
}
