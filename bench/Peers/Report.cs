using System.Globalization;
using System.Text.Json;

namespace Sharpformer.Peers;

/// <summary>The comparison for people and for programs.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Options =
        new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>A row as text.</summary>
    public static string Line(Row row) => string.Create(CultureInfo.InvariantCulture,
        $"{row.Work,-64} {Rounded(row.Ours),9} {Rounded(row.Peer),9} {row.Unit,-10} "
        + $"{row.Ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? "-",6}  "
        + $"{Rounded(row.OursMilliseconds),9} {Rounded(row.PeerMilliseconds),9} ms  {row.PeerName}");

    /// <summary>What the columns of <see cref="Line"/> are.</summary>
    public static string Head => $"{"work",-64} {"ours",9} {"peer",9} {"per second",-10} {"ratio",6}  {"ours",9} {"peer",9}";

    /// <summary>Everything as one JSON document.</summary>
    public static string Json(int threads, string libtorch, IReadOnlyList<Row> rows) =>
        JsonSerializer.Serialize(new { threads, libtorch, rows }, Options);

    private static string Rounded(double? value) =>
        value is not { } number ? "-" : number.ToString(number >= 100 ? "0" : number >= 10 ? "0.0" : "0.000", CultureInfo.InvariantCulture);
}
