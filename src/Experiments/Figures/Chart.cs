using Sharpformer.Transformer;

namespace Sharpformer.Experiments.Figures;

/// <summary>A point of a curve.</summary>
/// <param name="X">Where, on the axis below.</param>
/// <param name="Y">Where, on the axis at the left.</param>
/// <param name="Hint">What a reader who points at it is told.</param>
/// <param name="Spread">Half the length of the bar through it; 0 for none.</param>
public sealed record ChartPoint(double X, double Y, string Hint, double Spread = 0);

/// <summary>A curve.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Points">Its points in order.</param>
public sealed record ChartCurve(string Name, IReadOnlyList<ChartPoint> Points);

/// <summary>Curves over two axes as SVG, each told apart by its colour and the form of its points, with their names at the side.</summary>
public static class Chart
{
    private const double Width = 720, PlotHeight = 360, Left = 60, Top = 44, Bottom = 56, NamesWidth = 150, Row = 18;

    /// <summary>The picture.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="x">The axis below.</param>
    /// <param name="y">The axis at the left.</param>
    /// <param name="curves">The curves, named in this order.</param>
    public static string Of(string title, ChartAxis x, ChartAxis y, IReadOnlyList<ChartCurve> curves)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        ArgumentNullException.ThrowIfNull(curves);
        double height = Math.Max(PlotHeight, (curves.Count * Row) + 8), right = Width - NamesWidth, foot = Top + height;
        var picture = new Svg(Width, foot + Bottom, title);
        picture.Text(Left, 22, title);
        AppendAxes();
        for (int c = 0; c < curves.Count; c++) AppendCurve(c);
        return picture.ToString();

        double X(double value) => Left + (x.Share(value) * (right - Left));

        double Y(double value) => foot - (y.Share(value) * height);

        void AppendAxes()
        {
            foreach ((double value, string text) in y.Ticks())
            {
                picture.Line("line", (Left, Y(value)), (right, Y(value)));
                picture.Text(Left - 8, Y(value) + 4, text, "end", "dim");
            }

            foreach ((double value, string text) in x.Ticks())
            {
                picture.Line("line", (X(value), Top), (X(value), foot));
                picture.Text(X(value), foot + 18, text, "middle", "dim");
            }

            picture.Text((Left + right) / 2, foot + 40, x.Name, "middle");
            picture.Text(16, (Top + foot) / 2, y.Name, "middle", angle: -90);
        }

        void AppendCurve(int c)
        {
            (string colour, SvgMark mark) = ($"c{c % Svg.Colours}", (SvgMark)(c / Svg.Colours % Enum.GetValues<SvgMark>().Length));
            ChartPoint[] points = [.. curves[c].Points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y))];
            if (points.Length > 1) picture.Line($"curve {colour}", points.Select(point => (X(point.X), Y(point.Y))));
            foreach (ChartPoint point in points)
            {
                if (point.Spread > 0)
                {
                    picture.Line(
                        $"curve {colour}", (X(point.X), Y(point.Y - point.Spread)), (X(point.X), Y(point.Y + point.Spread)));
                }

                picture.Mark(X(point.X), Y(point.Y), mark, $"point {colour}", $"{curves[c].Name}: {point.Hint}");
            }

            picture.Mark(right + 18, Top + 8 + (c * Row), mark, $"point {colour}", curves[c].Name);
            picture.Text(right + 32, Top + 12 + (c * Row), curves[c].Name);
        }
    }
}
