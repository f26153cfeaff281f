using Sharpformer.Tensors;

namespace Sharpformer.Editing.Metrics.Examination;

/// <summary>A figure of an examination: a mean over records, of the base and of the edited model.</summary>
/// <param name="Name">What is measured.</param>
/// <param name="Protocol">How, so that no table mixes two ways of measuring the same.</param>
/// <param name="Group">Of which prompts, for example <c>locality: Relation_Specificity</c>.</param>
/// <param name="N">Over how many records.</param>
/// <param name="Base">The base model's; null where only the two together have one.</param>
/// <param name="Edited">The edited model's.</param>
/// <param name="Low">The lower end of the interval that holds 95 of 100 means over records drawn with replacement.</param>
/// <param name="High">The upper end.</param>
public sealed record Figure(string Name, string Protocol, string Group, int N, double? Base, double Edited, double Low, double High)
{
    private const int Draws = 1000;

    /// <summary>The figure of values of records.</summary>
    /// <param name="name">What is measured.</param>
    /// <param name="protocol">How.</param>
    /// <param name="group">Of which prompts.</param>
    /// <param name="edited">The edited model's value for each record; at least one.</param>
    /// <param name="ofBase">The base model's; null for none.</param>
    /// <param name="scale">What values are multiplied with: 100 makes shares percents.</param>
    internal static Figure Of(
        string name, string protocol, string group, IReadOnlyList<double> edited, IReadOnlyList<double>? ofBase, double scale = 100)
    {
        (double low, double high) = Interval(edited);
        return new Figure(
            name, protocol, group, edited.Count, EditMetrics.Rounded(ofBase?.Average() * scale),
            EditMetrics.Rounded(edited.Average() * scale), EditMetrics.Rounded(low * scale), EditMetrics.Rounded(high * scale));
    }

    /// <summary>The percentile bootstrap (Efron 1979), always with the same draws.</summary>
    private static (double Low, double High) Interval(IReadOnlyList<double> values)
    {
        var rng = new Rng(1);
        double[] means = new double[Draws];
        for (int d = 0; d < Draws; d++)
        {
            double sum = 0;
            for (int i = 0; i < values.Count; i++) sum += values[rng.NextInt(values.Count)];
            means[d] = sum / values.Count;
        }

        Array.Sort(means);
        return (means[(int)(0.025 * Draws)], means[(int)(0.975 * Draws) - 1]);
    }
}
