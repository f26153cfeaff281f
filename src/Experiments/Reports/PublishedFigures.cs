using System.Text.Json.Nodes;

namespace Sharpformer.Experiments.Reports;

/// <summary>What papers report, to stand beside what was measured here: other models, so that orders compare and not numbers.</summary>
public static class PublishedFigures
{
    private static readonly JsonObject All = JsonNode.Parse(Resource.Text("published.json"))!.AsObject();

    /// <summary>The tables that are known.</summary>
    public static IReadOnlyList<string> Tables { get; } = [.. All.Select(table => table.Key)];

    /// <summary>Where a table stands.</summary>
    public static string Source(string table) => (string)All[table]!["source"]!;

    /// <summary>A published figure; null where there is none.</summary>
    /// <param name="table">The table.</param>
    /// <param name="data">The data's name.</param>
    /// <param name="row">The row's name.</param>
    /// <param name="column">A name of <see cref="ReportColumn"/>.</param>
    public static double? Find(string table, string data, string row, string column)
    {
        if (All[table]!["columns"]!.AsArray().Select(name => (string)name!).ToList().IndexOf(column) is not (>= 0 and var at)) return null;
        return All[table]!["rows"]![data]?[row] is JsonArray values ? (double)values[at]! : null;
    }
}
