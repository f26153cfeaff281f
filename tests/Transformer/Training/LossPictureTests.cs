using System.Globalization;
using System.Xml.Linq;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Transformer.Training;

/// <summary>The picture of a run's losses.</summary>
public class LossPictureTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(400, 400)]
    [InlineData(1001, 334)]
    public void It_falls_as_the_loss_does_within_its_frame(int steps, int points)
    {
        TrainingLogLine[] log = [.. Enumerable.Range(1, steps).Select(i => new TrainingLogLine(i, i * 10L, Loss: 9.0 / i))];
        var svg = XDocument.Parse(LossPicture.Of([.. log, new TrainingLogLine(steps, 0, EvaluationLoss: 4)]));
        XElement[] curves = [.. svg.Descendants().Where(e => ClassOf(e).StartsWith("curve", StringComparison.Ordinal))];
        string[] classes = [.. curves.Select(ClassOf)];
        Assert.Equal(["curve c0", "curve c0", "curve c1", "curve c1"], classes); // each with its label
        (double X, double Y)[] line = [.. ((string)curves[0].Attribute("points")!).Split(' ').Select(point => point.Split(','))
            .Select(xy => (double.Parse(xy[0], CultureInfo.InvariantCulture), double.Parse(xy[1], CultureInfo.InvariantCulture)))];
        Assert.Equal(points, line.Length);
        Assert.All(line, point => Assert.True(point.X is >= 60 and <= 530 && point.Y is >= 40 and <= 290, $"{point}"));
        Assert.Equal(line.OrderBy(point => point.Y), line); // a loss that falls goes down on paper

        static string ClassOf(XElement element) => (string?)element.Attribute("class") ?? "";
    }
}
