using Sharpformer.Editing.Metrics;
using Sharpformer.Transformer;

namespace Sharpformer.Editing.Reports;

/// <summary>What θ does to an edit set as curves, one panel per α, of the half that was held out.</summary>
public static class CalibrationPicture
{
    private const double Width = 560, Height = 300, Left = 50, Top = 40, Right = 130, Bottom = 50;

    private static readonly (string Name, Func<CalibrationScore, double?> Of)[] Curves =
    [
        ("ES", score => score.Es), ("PS", score => score.Ps), ("kept", score => score.Kept), ("wrong edit", score => score.Wrong),
    ];

    /// <summary>The picture as SVG.</summary>
    public static string Of(CalibrationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        IGrouping<float, CalibrationPoint>[] panels = [.. report.Points.GroupBy(point => point.Alpha)];
        var picture = new Svg(Width, panels.Length * Height, "ES, PS, kept and wrong over theta");
        for (int i = 0; i < panels.Length; i++)
        {
            CalibrationPoint[] points = [.. panels[i].OrderBy(point => point.Theta)];
            AppendPanel(picture, i * Height, points, panels[i].Contains(report.Recommended) ? report.Recommended : null);
        }

        return picture.ToString();
    }

    private static void AppendPanel(Svg picture, double top, CalibrationPoint[] points, CalibrationPoint? recommended)
    {
        double low = points[0].Theta, high = Math.Max(points[^1].Theta, low + 0.01);
        picture.Text(Left, top + 20, $"α {Markup.Number(points[0].Alpha, "0.####")}, half that was held out, percent over θ");
        for (int percent = 0; percent <= 100; percent += 25)
        {
            picture.Line("line", (Left, Y(percent)), (Width - Right, Y(percent)));
            picture.Text(Left - 8, Y(percent) + 4, $"{percent}", "end", "dim");
        }

        foreach (CalibrationPoint point in points)
            picture.Text(X(point), top + Height - Bottom + 18, Markup.Number(point.Theta, "0.###"), "middle", "dim");
        var labels = new List<double>();
        for (int c = 0; c < Curves.Length; c++)
        {
            (double X, double Y)[] curve =
                [.. points.Where(p => Curves[c].Of(p.HeldOut) is not null).Select(p => (X(p), Y(Curves[c].Of(p.HeldOut)!.Value)))];
            if (curve.Length == 0) continue;
            picture.Line($"curve c{c}", curve);
            double at = curve[^1].Y; // labels of curves that end together stand above one another
            while (labels.Exists(other => Math.Abs(other - at) < 14)) at += at > top + (Height / 2) ? -14 : 14;
            labels.Add(at);
            picture.Line($"curve c{c}", (Width - Right + 8, at), (Width - Right + 24, at));
            picture.Text(Width - Right + 30, at + 4, Curves[c].Name);
        }

        if (recommended is null) return;
        picture.Line("mark", (X(recommended), top + Top), (X(recommended), top + Height - Bottom));
        picture.Text(X(recommended), top + Height - 14, $"recommended: {Markup.Number(recommended.Theta, "0.###")}", "middle");

        double X(CalibrationPoint point) => Left + ((point.Theta - low) / (high - low) * (Width - Left - Right));

        double Y(double percent) => top + Height - Bottom - (percent / 100 * (Height - Top - Bottom));
    }
}
