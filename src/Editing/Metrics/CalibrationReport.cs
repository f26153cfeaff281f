using Sharpformer.Editing.Methods.IReVa;

namespace Sharpformer.Editing.Metrics;

/// <summary>What settings give on one half of an edit set, in percent; null where no record can tell.</summary>
/// <param name="Es">Efficacy: the edits' own prompts.</param>
/// <param name="Ps">Generalisation: the prompts in other words.</param>
/// <param name="Kept">Share of the other half's prompts, which are not taught, whose predicted next token is unchanged.</param>
/// <param name="Wrong">Share of prompts in other words, of both halves, at which an edit of another record answers.</param>
public sealed record CalibrationScore(double? Es, double? Ps, double? Kept, double? Wrong);

/// <summary>One pair of settings.</summary>
/// <param name="Alpha">α.</param>
/// <param name="Theta">θ.</param>
/// <param name="Chosen">What it gives on the half by which settings are chosen.</param>
/// <param name="HeldOut">What it gives on the other half, which has no say.</param>
public sealed record CalibrationPoint(float Alpha, float Theta, CalibrationScore Chosen, CalibrationScore HeldOut);

/// <summary>α and θ over an edit set.</summary>
/// <param name="Points">All pairs, by α and then by θ as they were asked for.</param>
/// <param name="Settings">All settings, with the recommended pair.</param>
/// <param name="ChosenRecords">Records in the half by which settings are chosen.</param>
/// <param name="HeldOutRecords">Records in the other half.</param>
/// <param name="LeftOut">Records that ask what another one or the store asks.</param>
public sealed record CalibrationReport(
    IReadOnlyList<CalibrationPoint> Points, IReVaSettings Settings, int ChosenRecords, int HeldOutRecords, int LeftOut)
{
    /// <summary>How the recommended pair is found, in words.</summary>
    public const string Rule =
        "of the pairs whose ES is at least 99 % of the best, the highest mean of PS and kept; of equal ones the higher theta";

    /// <summary>The recommended pair.</summary>
    public CalibrationPoint Recommended => Recommend(Points);

    /// <summary>Finds the recommended pair by <see cref="Rule"/>, from the half that has a say.</summary>
    public static CalibrationPoint Recommend(IReadOnlyList<CalibrationPoint> points)
    {
        double best = points.Max(point => point.Chosen.Es ?? 0);
        return points.Where(point => (point.Chosen.Es ?? 0) >= 0.99 * best)
            .OrderByDescending(point => new[] { point.Chosen.Ps, point.Chosen.Kept }.Average() ?? 0)
            .ThenByDescending(point => point.Theta).First();
    }
}
