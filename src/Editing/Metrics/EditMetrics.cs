using Sharpformer.Editing.Datasets;

namespace Sharpformer.Editing.Metrics;

/// <summary>
/// How well a model answers an edit set, in percent. A prompt counts as the share of its target tokens that are right, a record as the mean
/// over its prompts of a sort, a metric as the mean over the records that have such prompts; null when none has.
/// </summary>
/// <param name="Es">Efficacy: the edit's own prompt.</param>
/// <param name="Ps">Generalisation: the prompt in other words.</param>
/// <param name="Ns">Locality: gold answers of unrelated questions.</param>
/// <param name="FreeRunning">Share of records whose whole target greedy generation produces from the edit's own prompt.</param>
public sealed record EditMetrics(double? Es, double? Ps, double? Ns, double? FreeRunning)
{
    /// <summary>The mean of ES, PS and NS; null unless all three were measured, as two of them are another figure.</summary>
    public double? Score => Rounded((Es + Ps + Ns) / 3);

    internal static double? Percent(IEnumerable<double> shares) => Rounded(Mean([.. shares]) * 100);

    /// <summary>Without what sums of rounded shares leave behind the tenth decimal: 55, not 55.00000000000001.</summary>
    internal static double Rounded(double percent) => Math.Round(percent, 10);

    /// <inheritdoc cref="Rounded(double)"/>
    internal static double? Rounded(double? percent) => percent is { } value ? Rounded(value) : null;

    private static double? Mean(IReadOnlyList<double> values) => values.Count == 0 ? null : values.Average();
}

/// <summary>How a group of probes is answered, in percent, over records as <see cref="EditMetrics"/> are.</summary>
/// <param name="Kind">What its questions ask for.</param>
/// <param name="Name">The data set's name for it.</param>
/// <param name="N">How many questions there are.</param>
/// <param name="Records">In how many records.</param>
/// <param name="BaseAccuracy">The base model's accuracy; null where no answers are named.</param>
/// <param name="Accuracy">The edited model's.</param>
/// <param name="Kept">Share of the questions after which both models predict the same next token.</param>
public sealed record GroupMetrics(
    ProbeKind Kind, string Name, int N, int Records, double? BaseAccuracy, double? Accuracy, double? Kept);

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
    int Records, EditMetrics Base, EditMetrics Edited, double? LocalityAgreement, double? NeighbourRetention)
{
    /// <summary>Each group of probes by itself, in the order in which they come.</summary>
    public IReadOnlyList<GroupMetrics> Groups { get; init; } = [];
}

/// <summary>What withdrawing each edit does to its own prompt, in percent.</summary>
/// <param name="Edits">Number of edits.</param>
/// <param name="Rs">Share of edits whose withdrawal changes the prediction.</param>
/// <param name="Con">Share of edits whose withdrawal brings the base model's prediction back.</param>
public sealed record WithdrawalReport(int Edits, double? Rs, double? Con);
