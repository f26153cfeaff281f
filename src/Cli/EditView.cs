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
        neurons = IReVaParts.Count(edit),
        (edit.Settings as IReVaSettings)?.Layer,
        (edit.Settings as IReVaSettings)?.Theta,
        (edit.Settings as IReVaSettings)?.Alpha,
        edit.FinalLoss,
        edit.CreatedAt,
        edit.WithdrawnAt,
        edit.RemovedAt,
    };

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
