using System.Globalization;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Experiments.Points;

namespace Sharpformer.Experiments.Reports;

/// <summary>What a column says of a point.</summary>
/// <param name="Value">The value.</param>
/// <param name="Low">The lower end of its 95 % interval over records; null where none is known.</param>
/// <param name="High">The upper end.</param>
public readonly record struct ColumnValue(double Value, double? Low = null, double? High = null);

/// <summary>A figure as a column of tables and an axis of pictures.</summary>
/// <param name="Name">Its name in plans.</param>
/// <param name="Title">Its head in tables.</param>
/// <param name="About">What it is and how it is measured.</param>
/// <param name="Format">How its numbers are written.</param>
/// <param name="Of">Its value in a point; null where that has none.</param>
public sealed record ReportColumn(string Name, string Title, string About, string Format, Func<PointResult, ColumnValue?> Of)
{
    /// <summary>How shares in percent are written.</summary>
    internal const string Share = "0.0";

    private const string Ratio = "0.000", Whole = "#,0", Small = "0.0000";

    private static readonly ReportColumn[] All =
    [
        new("score", "Score", "the mean of ES, PS and NS", Share, Score),
        Figure("es", "ES", "ES", "edit", "the edit's own prompt"),
        Figure("ps", "PS", "PS", "other words", "the edit in other words"),
        Figure("ns", "NS", "NS", "locality", "gold answers of unrelated questions"),
        Figure("whole", "whole", "whole", "edit", "the edit's own prompt"),
        Figure("wholePs", "whole, other words", "whole", "other words", "the edit in other words"),
        Figure("said", "said", "said", "edit", "the edit's own prompt"),
        Figure("saidPs", "said, other words", "said", "other words", "the edit in other words"),
        Figure("probability", "P(target)", "P(target)", "edit", "the edit's own prompt"),
        Figure("lowest", "P, lowest tenth", "P(target), lowest tenth", "edit", "a tenth of the edits are not above it"),
        Figure("newOverOld", "new over old", "ES, new over old", "edit", "ES in the papers of ROME and MEMIT"),
        Figure("newOverOldPs", "new over old, other words", "PS, new over old", "other words", "PS in the papers of ROME and MEMIT"),
        new("locality", "unrelated kept", "unrelated questions: " + ExaminationFigures.Agreement, Share, Locality),
        Figure("neighbours", "neighbours kept", "kept", "neighbours", "unedited facts in the edits' words"),
        Figure("sameSubject", "same subject kept", "kept", "same subject", "other questions about edited subjects"),
        Figure("kl", "KL, neighbours", "KL", "neighbours", "unedited facts in the edits' words", Ratio),
        Figure("perplexity", "perplexity", "perplexity, edited by base", "text", "the edited model's by the base model's", Ratio),
        Figure("median", "perplexity, median", "perplexity, edited by base, median text", "text", "text by text, the median", Ratio),
        Figure("fired", "fired", "fired", "text", "share of held-out tokens at which an edit beside the model fires"),
        .. Frames("behind 1 sentence", "Behind1", "behind 1"), .. Frames("behind 2 sentences", "Behind2", "behind 2"),
        .. Frames("behind 4 sentences", "Behind4", "behind 4"), .. Frames("question", "Question", "as a question"),
        .. Frames("few-shot", "FewShot", "few-shot"), .. Frames("lower case", "Lower", "lower case"),
        Figure("rs", "RS", "RS", "edit", "its withdrawal changes the prediction"),
        Figure("con", "Con", "Con", "edit", "its withdrawal brings the base model's prediction back"),
        new("first", "first tenth", "whole, of the edits that were taught first", Share, result => Retention(result).FirstOrDefault()),
        new("last", "last tenth", "whole, of the edits that were taught last", Share, result => Retention(result).LastOrDefault()),
        Cost("seconds", "s/edit", "seconds of teaching an edit", Small, result => result.Costs.TeachSeconds / Count(result)),
        Cost("cpu", "CPU s/edit", "processor seconds of teaching an edit", Small, result => result.Costs.CpuSeconds / Count(result)),
        Cost("bytes", "bytes/edit", "numbers that an edit consists of, in bytes", Whole, result => result.Costs.BytesPerEdit),
        Cost("peak", "peak MB", "peak memory of the program while the point ran", Whole, result => result.Costs.PeakBytes / 1e6),
        Cost(
            "pace", "pace", "tokens written a second, edited by base", Ratio,
            result => result.Costs.TokensPerSecond / result.Costs.BaseTokensPerSecond),
    ];

    /// <summary>The names of all.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(column => column.Name)];

    /// <summary>What tables show unless they say otherwise.</summary>
    public static IReadOnlyList<string> Usual { get; } = ["es", "ps", "ns", "said", "saidPs", "neighbours", "perplexity", "cpu"];

    /// <summary>Whether it depends on the machine and its day, so that two runs always differ in it.</summary>
    public bool IsOfMachine { get; private init; }

    /// <summary>The column of a name.</summary>
    public static ReportColumn Named(string name) => All.First(column => column.Name == name);

    /// <summary>A value as it is written.</summary>
    public string Text(double value) => double.IsFinite(value) ? value.ToString(Format, CultureInfo.InvariantCulture) : "not finite";

    /// <summary>The portions of the edits in the order in which they were taught.</summary>
    public static IEnumerable<ColumnValue?> Retention(PointResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.Figures.Where(figure => figure.Name == "retention").Select(figure => (ColumnValue?)ValueOf(figure));
    }

    private static ReportColumn Figure(string name, string title, string figure, string group, string about, string format = Share) =>
        new(name, title, about, format, result => result.Find(figure, group) is { } found ? ValueOf(found) : null);

    private static ReportColumn Cost(string name, string title, string about, string format, Func<PointResult, double?> of) =>
        new(name, title, about, format, result => of(result) is { } value ? new ColumnValue(value) : null)
        {
            IsOfMachine = true,
        };

    /// <summary>What is known of the edits in a frame, and what the base model knows of the old answers there.</summary>
    private static IEnumerable<ReportColumn> Frames(string frame, string name, string title)
    {
        yield return Figure($"in{name}", title, "in context", $"{frame}: edit", "the edit's own prompt there, " + ExaminationFigures.Whole);
        yield return Figure(
            $"in{name}Ps", $"{title}, other words", "in context", $"{frame}: other words", "in other words there");
        yield return new ReportColumn(
            $"known{name}", $"{title}: base, old", "what the base model knows of the old answers there", Share,
            result => result.Find("old answer in context", $"{frame}: edit")?.Base is { } known
                ? new ColumnValue(known) : null);
    }

    private static ColumnValue? Score(PointResult result)
    {
        double? sum = result.Find("ES", "edit")?.Edited + result.Find("PS", "other words")?.Edited + result.Find("NS", "locality")?.Edited;
        return sum is { } of ? new ColumnValue(of / 3) : null;
    }

    private static ColumnValue? Locality(PointResult result) => result.Figures
        .Where(figure => figure.Name == "kept" && figure.Group.StartsWith("locality", StringComparison.Ordinal))
        .Select(figure => (ColumnValue?)ValueOf(figure)).FirstOrDefault();

    private static ColumnValue ValueOf(Figure figure) =>
        figure.Low == figure.High ? new ColumnValue(figure.Edited) : new ColumnValue(figure.Edited, figure.Low, figure.High);

    private static double Count(PointResult result) => (int)result.Point["count"]!;
}
