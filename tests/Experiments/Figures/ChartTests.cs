using System.Globalization;
using System.Xml.Linq;
using Sharpformer.Experiments.Figures;

namespace Sharpformer.Tests.Experiments.Figures;

/// <summary>Charts: where axes have their lines, and what of the curves is drawn.</summary>
public sealed class ChartTests
{
    private static readonly ChartAxis Percent = ChartAxis.Percent("percent");

    [Theory]
    [InlineData(0, 100, "0 20 40 60 80 100")]
    [InlineData(0, 7, "0 2 4 6 8")]
    [InlineData(-0.2, 0.9, "-0.2 0 0.2 0.4 0.6 0.8 1")]
    [InlineData(3000, 12000, "0 2,500 5,000 7,500 10,000 12,500")]
    [InlineData(5, 5, "0 1 2 3 4 5")]
    public void Lines_stand_at_round_numbers_and_hold_all_values(double low, double high, string ticks)
    {
        var axis = ChartAxis.Around("x", [low, high, double.NaN]);
        Assert.Equal(ticks, string.Join(' ', axis.Ticks().Select(tick => tick.Text)));
        Assert.InRange(low, axis.Low, axis.High);
        Assert.InRange(high, axis.Low, axis.High);
    }

    [Fact]
    public void On_a_logarithmic_axis_equal_lengths_are_equal_ratios()
    {
        var axis = ChartAxis.Around("edits", [1, 10, 300, 0], isLogarithmic: true);
        Assert.Equal("1 10 100 1,000", string.Join(' ', axis.Ticks().Select(tick => tick.Text)));
        Assert.Equal([0, 1.0 / 3, 2.0 / 3, 1], new double[] { 1, 10, 100, 1000 }.Select(axis.Share), (x, y) => Math.Abs(x - y) < 1e-12);
        Assert.Equal((0.0, 1.0), (axis.Share(0.1), axis.Share(1e9))); // what lies beyond stands at an end
        Assert.NotEmpty(ChartAxis.Around("none", [], isLogarithmic: true).Ticks());
        Assert.NotEmpty(ChartAxis.Around("none", []).Ticks());
    }

    [Fact]
    public void A_chart_has_every_point_and_name_and_no_two_curves_look_alike()
    {
        ChartCurve[] curves = [.. Enumerable.Range(0, 25).Select(i => new ChartCurve(
            $"<method {i}>",
            [new ChartPoint(i, 100 - i, "a & b"), new ChartPoint(i, double.NaN, "none"), new ChartPoint(i + 1, 50, "c")]))];
        XElement picture = XElement.Parse(Chart.Of("A <title>", Percent, Percent, curves));
        XElement[] marks = [.. picture.Descendants().Where(e => e.Name.LocalName == "path")];
        Assert.Equal(25 * 3, marks.Length); // two points and one beside the name: what is no number is left out
        Assert.Equal(25, marks.Count(mark => mark.Value.EndsWith(": a & b", StringComparison.Ordinal)));
        Assert.Equal(
            curves.Select(curve => curve.Name),
            picture.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value).Where(text => text.Contains("method")));
        Assert.Equal(25, marks.Where(mark => mark.Value.StartsWith('<') && !mark.Value.Contains(':')).Select(Look).Distinct().Count());
        Assert.Equal("A <title>", picture.Elements().First(e => e.Name.LocalName == "title").Value);

        static (string?, string) Look(XElement mark) =>
            ((string?)mark.Attribute("class"), string.Concat(mark.Attribute("d")!.Value.Where(char.IsAsciiLetter)));
    }

    [Fact]
    public void A_point_stands_where_its_values_say_with_its_spread()
    {
        XElement picture = XElement.Parse(Chart.Of(
            "t", Percent, Percent, [new ChartCurve("m", [new ChartPoint(0, 0, "origin"), new ChartPoint(100, 100, "far", Spread: 10)])]));
        string[] lines = [.. picture.Descendants().Where(e => (string?)e.Attribute("class") == "curve c0")
            .Select(e => e.Attribute("points")!.Value)];
        double[][] ends = [.. lines[0].Split(' ').Select(Numbers)];
        Assert.True(ends[1][0] > ends[0][0], "to the right");
        Assert.True(ends[1][1] < ends[0][1], "upwards");
        double[][] spread = [.. lines[1].Split(' ').Select(Numbers)];
        Assert.Equal((ends[1][0], ends[1][1]), (spread[1][0], spread[1][1])); // beyond the end of the axis nothing is drawn
        Assert.Equal(0.1 * (ends[0][1] - ends[1][1]), spread[0][1] - ends[1][1], 0.02);

        static double[] Numbers(string pair) => [.. pair.Split(',').Select(x => double.Parse(x, CultureInfo.InvariantCulture))];
    }
}
