namespace Sharpformer.Editing.Metrics;

/// <summary>
/// How well a model answers an edit set, in percent. A record counts as the mean over its target
/// tokens, a metric as the mean over the records that have its prompt; null when none has.
/// </summary>
/// <param name="Es">Efficacy: the edit's own prompt.</param>
/// <param name="Ps">Generalisation: the prompt in other words.</param>
/// <param name="Ns">Locality: gold answers of unrelated questions.</param>
/// <param name="FreeRunning">Share of records whose whole target greedy generation produces from the edit's own prompt.</param>
public sealed record EditMetrics(double? Es, double? Ps, double? Ns, double? FreeRunning)
{
    /// <summary>The mean of those of ES, PS and NS that were measured.</summary>
    public double? Score => Mean([.. new[] { Es, Ps, Ns }.OfType<double>()]);

    internal static double? Percent(IEnumerable<double> shares) => Mean([.. shares]) * 100;

    private static double? Mean(IReadOnlyList<double> values) => values.Count == 0 ? null : values.Average();
}

/// <summary>The edited model's metrics and what editing did to everything else, in percent.</summary>
/// <param name="Records">Number of records.</param>
/// <param name="Base">The base model.</param>
/// <param name="Edited">The edited model.</param>
/// <param name="LocalityAgreement">Share of unrelated questions' target tokens that both models predict alike.</param>
/// <param name="NeighbourRetention">
/// Share of unedited facts, asked with the same templates as the edits, whose predicted next token is unchanged; null when
/// none were given. NS asks questions far from every key; this shows what a low θ overwrites nearby.
/// </param>
public sealed record EvaluationReport(
    int Records, EditMetrics Base, EditMetrics Edited, double? LocalityAgreement, double? NeighbourRetention);

/// <summary>What withdrawing each edit does to its own prompt, in percent.</summary>
/// <param name="Edits">Number of edits.</param>
/// <param name="Rs">Share of edits whose withdrawal changes the prediction.</param>
/// <param name="Con">Share of edits whose withdrawal brings the base model's prediction back.</param>
public sealed record WithdrawalReport(int Edits, double? Rs, double? Con);
