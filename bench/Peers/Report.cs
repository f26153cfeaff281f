using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sharpformer.Peers;

/// <summary>The comparison for people and for programs.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>What the columns of <see cref="Line"/> are.</summary>
    public static string Head =>
        $"{"work",-57} {"beside",-14} {"ours",9} {"peer",9} {"a second",-8} {"ratio",6} {"goal",6}  {"met",-3} "
        + $"{"ours ms",9} {"peer ms",9} pairs";

    /// <summary>A row as text.</summary>
    public static string Line(Row row) => string.Create(CultureInfo.InvariantCulture,
        $"{row.Work,-57} {row.PeerName,-14} {Rounded(row.Ours),9} {Rounded(row.Peer),9} {row.Unit,-8} {Ratio(row.Ratio),6} "
        + $"{(row.Goal is null ? "" : "≥" + Ratio(row.Goal)),6}  {(row.Met is { } met ? met ? "yes" : "NO" : ""),-3} "
        + $"{Rounded(row.OursMilliseconds),9} {Rounded(row.PeerMilliseconds),9} {row.Pairs,5}{Details(row)}").TrimEnd();

    /// <summary>Everything as one JSON document.</summary>
    public static string Json(object report) => JsonSerializer.Serialize(report, Options);

    private static string Details(Row row)
    {
        string text = "";
        if (row.Agreement is { } near)
        {
            text += string.Create(
                CultureInfo.InvariantCulture, $"  logits ±{near.Difference:0.0e+0}, arg max {near.SameArgMax}/{near.Positions}");
        }

        if (row.Reading is { } read)
        {
            text += string.Create(
                CultureInfo.InvariantCulture,
                $"  reads {read.Ours:0.0} and {read.Peer:0.0} GB/s, {100 * read.OursShare:0} and {100 * read.PeerShare:0} % "
                + $"of {read.Plain:0.0}");
        }

        return text;
    }

    private static string Ratio(double? ratio) => ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? "-";

    private static string Rounded(double? value) =>
        value is not { } number ? "-" : number.ToString(number >= 100 ? "0" : number >= 10 ? "0.0" : "0.000", CultureInfo.InvariantCulture);
}
