using System.Globalization;
using System.Text;

namespace Sharpformer.Transformer;

/// <summary>The form of a point in a picture.</summary>
internal enum SvgMark
{
    /// <summary>A circle.</summary>
    Circle,

    /// <summary>A square.</summary>
    Square,

    /// <summary>A triangle.</summary>
    Triangle,

    /// <summary>A square on its corner.</summary>
    Diamond,
}

/// <summary>
/// A picture as SVG, light or dark as the reader's screen is: shapes take their colours from classes. It stands alone as a file, or in a
/// page. Lengths are pixels, the origin is at the upper left.
/// </summary>
/// <param name="width">Width of the picture.</param>
/// <param name="height">Height of the picture.</param>
/// <param name="title">What it shows, for those who cannot see it.</param>
internal sealed class Svg(double width, double height, string title)
{
    // Okabe and Ito's colours, which people with any colour vision tell apart; curves and points take theirs from the classes c0 to c6.
    private const string Style = """
        .sf { font-family: system-ui, sans-serif; font-size: 12px; }
        .sf text { fill: #1b1f24; } .sf .dim { fill: #5c6570; } .sf .line { stroke: #c3cad2; fill: none; }
        .sf .cell { stroke: #d5dae0; } .sf .speaks { fill: #d55e00; } .sf .withdrawn { fill: #cc79a7; } .sf .below { fill: #8a949e; }
        .sf .frame { stroke: #1b1f24; stroke-width: 2; fill: none; } .sf .mark { stroke: #1b1f24; stroke-dasharray: 4 3; }
        .sf .curve { fill: none; stroke-width: 2; } .sf .point { stroke-width: 2; fill: #ffffff; }
        .sf .c0 { stroke: #0072b2; } .sf .c1 { stroke: #d55e00; } .sf .c2 { stroke: #009e73; } .sf .c3 { stroke: #cc79a7; }
        .sf .c4 { stroke: #e69f00; } .sf .c5 { stroke: #56b4e9; } .sf .c6 { stroke: #6b7480; }
        @media (prefers-color-scheme: dark) {
          .sf text { fill: #e4e8ec; } .sf .dim { fill: #98a2ad; } .sf .line, .sf .cell { stroke: #3a424b; }
          .sf .frame, .sf .mark { stroke: #e4e8ec; } .sf .point { fill: #14181c; }
          .sf .c0 { stroke: #3d9bdc; } .sf .c5 { stroke: #f0e442; } .sf .c6 { stroke: #a9b2bc; } }
        """;

    /// <summary>How many colours curves have.</summary>
    public const int Colours = 7;

    private readonly StringBuilder body = new();

    /// <summary>A filled rectangle.</summary>
    public void Rectangle(double x, double y, double w, double h, string classes, double opacity = 1, string? hint = null)
    {
        body.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x:0.##}\" y=\"{y:0.##}\" width=\"{w:0.##}\" height=\"{h:0.##}\" ");
        body.Append(CultureInfo.InvariantCulture, $"class=\"{classes}\" fill-opacity=\"{opacity:0.###}\">");
        if (hint is not null) body.Append($"<title>{Markup.Text(hint)}</title>");
        body.Append("</rect>\n");
    }

    /// <summary>A line through points.</summary>
    public void Line(string classes, params IEnumerable<(double X, double Y)> points) => body.Append(
        $"<polyline class=\"{classes}\" points=\"{string.Join(' ', points.Select(p => Invariant($"{p.X:0.##},{p.Y:0.##}")))}\"/>\n");

    /// <summary>A small mark at a place, with what it is for those who point at it.</summary>
    public void Mark(double x, double y, SvgMark mark, string classes, string hint)
    {
        string path = mark switch
        {
            SvgMark.Square => Invariant($"M{x - 4:0.##},{y - 4:0.##}h8v8h-8z"),
            SvgMark.Triangle => Invariant($"M{x:0.##},{y - 5:0.##}l5,9h-10z"),
            SvgMark.Diamond => Invariant($"M{x:0.##},{y - 5.5:0.##}l5.5,5.5l-5.5,5.5l-5.5,-5.5z"),
            _ => Invariant($"M{x - 4.5:0.##},{y:0.##}a4.5,4.5 0 1 0 9,0a4.5,4.5 0 1 0 -9,0z"),
        };
        body.Append($"<path class=\"{classes}\" d=\"{path}\"><title>{Markup.Text(hint)}</title></path>\n");
    }

    /// <summary>A text.</summary>
    /// <param name="x">Where it is anchored.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="text">Plain text.</param>
    /// <param name="anchor">start, middle or end.</param>
    /// <param name="classes">For example <c>dim</c>.</param>
    /// <param name="angle">Degrees to turn it by about its anchor.</param>
    public void Text(double x, double y, string text, string anchor = "start", string classes = "", double angle = 0)
    {
        string turn = angle == 0 ? "" : Invariant($" transform=\"rotate({angle:0.##} {x:0.##} {y:0.##})\"");
        body.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.##}\" y=\"{y:0.##}\" text-anchor=\"{anchor}\" ");
        body.Append($"class=\"{classes}\"{turn} xml:space=\"preserve\">{Markup.Text(text)}</text>\n");
    }

    /// <summary>The picture.</summary>
    public override string ToString() => Invariant($"""
        <svg xmlns="http://www.w3.org/2000/svg" class="sf" role="img" width="{width:0.##}" height="{height:0.##}"
        """) + Invariant($""" viewBox="0 0 {width:0.##} {height:0.##}">""") + $"""

        <title>{Markup.Text(title)}</title>
        <style>
        {Style}
        </style>
        {body}</svg>

        """;

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
