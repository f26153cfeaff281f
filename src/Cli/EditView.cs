using System.Globalization;
using Sharpformer.Editing;

namespace Sharpformer.Cli;

/// <summary>An edit as people and programs get to see it.</summary>
internal static class EditView
{
    /// <summary>One edit without its vectors, for <c>--json</c>.</summary>
    public static object Json(Edit edit) => new
    {
        edit.Id,
        edit.Status,
        edit.Request.Prompt,
        edit.Request.Target,
        neurons = edit.Neurons.Count,
        edit.Settings.Layer,
        edit.Settings.Theta,
        edit.Settings.Alpha,
        finalLoss = FinalLoss(edit),
        edit.CreatedAt,
        edit.WithdrawnAt,
        edit.RemovedAt,
    };

    /// <summary>The loss before the last training step, averaged over the neurons; null without training.</summary>
    public static double? FinalLoss(Edit edit) => edit.Neurons.Select(FinalLoss).Average();

    /// <summary>A neuron's loss before its last training step; null without training.</summary>
    public static double? FinalLoss(Neuron neuron) => neuron.Losses is [.., var last] ? Total(last) : null;

    /// <summary>L: the sum of its three terms (Eq. 11).</summary>
    public static double Total(EpochLoss loss) => (double)loss.Edit + loss.Rec + loss.Irr;

    /// <summary>‖x‖.</summary>
    public static double Norm(float[] x) => Math.Sqrt(x.Sum(value => (double)value * value));

    /// <summary>A status in lower case.</summary>
    public static string Status(EditStatus status) => status switch
    {
        EditStatus.Active => "active",
        EditStatus.Withdrawn => "withdrawn",
        _ => "removed",
    };

    /// <summary>A time in UTC, to the second.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
