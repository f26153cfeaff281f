using System.Globalization;

namespace Sharpformer.Transformer.Training;

/// <summary>The loss of a run over its steps as SVG: what was learnt, and what was asked of the evaluation text.</summary>
public static class LossPicture
{
    private const double Width = 640, Height = 340, Left = 60, Top = 40, Right = 110, Bottom = 50;
    private const int MostPoints = 400;

    /// <summary>The picture of a log.</summary>
    /// <exception cref="ArgumentException">It has no line.</exception>
    public static string Of(IReadOnlyList<TrainingLogLine> log)
    {
        ArgumentNullException.ThrowIfNull(log);
        (double Step, double Loss)[] training = Thinned([.. Points(log, line => line.Loss)]);
        (double Step, double Loss)[] evaluation = Thinned([.. Points(log, line => line.EvaluationLoss)]);
        (double Step, double Loss)[] all = [.. training, .. evaluation];
        if (all.Length == 0) throw new ArgumentException("LossPicture: no losses.", nameof(log));
        double last = all.Max(point => point.Step), low = all.Min(point => point.Loss), high = all.Max(point => point.Loss);
        double tick = NiceStep((high - low) / 5);
        (low, high) = (Math.Floor(low / tick) * tick, Math.Max(Math.Ceiling(high / tick), Math.Floor(low / tick) + 1) * tick);

        var picture = new Svg(Width, Height, "Loss over steps");
        picture.Text(Left, 20, "loss, nats a token, over steps");
        for (int i = 0; low + (i * tick) <= high + (tick / 2); i++)
        {
            double loss = low + (i * tick);
            picture.Line("line", (Left, Y(loss)), (Width - Right, Y(loss)));
            picture.Text(Left - 8, Y(loss) + 4, loss.ToString("0.####", CultureInfo.InvariantCulture), "end", "dim");
        }

        double every = Math.Max(1, NiceStep(last / 5));
        for (double step = 0; step <= last; step += every)
            picture.Text(X(step), Height - Bottom + 18, step.ToString("N0", CultureInfo.InvariantCulture), "middle", "dim");
        Draw(training, "c0", "training");
        Draw(evaluation, "c1", "evaluation");
        return picture.ToString();

        void Draw((double Step, double Loss)[] points, string colour, string name)
        {
            if (points.Length == 0) return;
            picture.Line($"curve {colour}", points.Select(point => (X(point.Step), Y(point.Loss))));
            double at = Top + (colour == "c0" ? 10 : 30);
            picture.Line($"curve {colour}", (Width - Right + 8, at), (Width - Right + 24, at));
            picture.Text(Width - Right + 30, at + 4, name);
        }

        double X(double step) => Left + (step / Math.Max(1, last) * (Width - Left - Right));

        double Y(double loss) => Height - Bottom - ((loss - low) / (high - low) * (Height - Top - Bottom));
    }

    private static IEnumerable<(double Step, double Loss)> Points(
        IEnumerable<TrainingLogLine> log, Func<TrainingLogLine, double?> lossOf) =>
        log.Where(line => lossOf(line) is not null).Select(line => ((double)line.Step, lossOf(line)!.Value));

    /// <summary>Neighbours are averaged where there are more points than a picture shows.</summary>
    private static (double Step, double Loss)[] Thinned((double Step, double Loss)[] points) => points.Length <= MostPoints
        ? points
        :
        [
            .. points.Chunk((points.Length + MostPoints - 1) / MostPoints)
                .Select(some => (some.Average(point => point.Step), some.Average(point => point.Loss))),
        ];

    /// <summary>1, 2 or 5 times a power of ten, at least as large.</summary>
    private static double NiceStep(double least)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(least, 1e-4))));
        foreach (double digit in (ReadOnlySpan<double>)[1, 2, 5])
            if (digit * power >= least) return digit * power;
        return 10 * power;
    }
}
