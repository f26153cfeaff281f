using System.Globalization;

namespace Sharpformer.Experiments.Figures;

/// <summary>An axis of a chart.</summary>
/// <param name="Name">What it shows, with its unit.</param>
/// <param name="Low">The least value shown.</param>
/// <param name="High">The greatest.</param>
/// <param name="IsLogarithmic">Whether equal lengths are equal ratios; both ends are positive then.</param>
public sealed record ChartAxis(string Name, double Low, double High, bool IsLogarithmic = false)
{
    private const double Lines = 5; // about so many lines are wished for

    /// <summary>How far apart lines stand on an even scale.</summary>
    public double Step { get; init; } = StepOf(High - Low);

    /// <summary>A share in percent.</summary>
    public static ChartAxis Percent(string name) => new(name, 0, 100);

    /// <summary>An axis that holds all of some values; counts from nothing where they are not below it and the scale is even.</summary>
    public static ChartAxis Around(string name, IEnumerable<double> values, bool isLogarithmic = false)
    {
        double[] all = [.. values.Where(value => double.IsFinite(value) && (!isLogarithmic || value > 0))];
        if (all.Length == 0) return new ChartAxis(name, isLogarithmic ? 1 : 0, isLogarithmic ? 10 : 1, isLogarithmic);
        (double low, double high) = (all.Min(), all.Max());
        if (isLogarithmic)
        {
            (double from, double to) = (Math.Floor(Math.Log10(low)), Math.Ceiling(Math.Log10(high)));
            return new ChartAxis(name, Math.Pow(10, from), Math.Pow(10, Math.Max(to, from + 1)), isLogarithmic);
        }

        if (low > 0) low = 0;
        double step = StepOf(high - low), first = Math.Floor(low / step);
        return new ChartAxis(name, first * step, Math.Max(Math.Ceiling(high / step), first + 1) * step) { Step = step };
    }

    /// <summary>Where a value stands between the ends, 0 to 1; values beyond stand at an end.</summary>
    public double Share(double value) => Math.Clamp(
        IsLogarithmic ? Math.Log(Math.Max(value, Low) / Low) / Math.Log(High / Low) : (value - Low) / (High - Low), 0, 1);

    /// <summary>Where lines are drawn, and what is written beside them.</summary>
    public IEnumerable<(double Value, string Text)> Ticks()
    {
        if (IsLogarithmic)
        {
            for (int power = (int)Math.Round(Math.Log10(Low)); power <= (int)Math.Round(Math.Log10(High)); power++)
                yield return (Math.Pow(10, power), Math.Pow(10, power).ToString("#,0.#####", CultureInfo.InvariantCulture));
            yield break;
        }

        for (int i = 0; Low + (i * Step) <= High + (Step / 1000); i++)
            yield return (Low + (i * Step), (Low + (i * Step)).ToString("#,0.#####", CultureInfo.InvariantCulture));
    }

    /// <summary>1, 2, 2.5 or 5 times a power of ten.</summary>
    private static double StepOf(double range)
    {
        if (range <= 0) return 1;
        double power = Math.Pow(10, Math.Floor(Math.Log10(range / Lines)));
        return power * new[] { 1, 2, 2.5, 5, 10 }.MinBy(factor => Math.Abs((range / (power * factor)) - Lines));
    }
}
