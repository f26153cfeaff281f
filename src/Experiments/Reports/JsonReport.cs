using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Experiments.Points;
using Sharpformer.Transformer;

namespace Sharpformer.Experiments.Reports;

/// <summary>A report's tables as JSON.</summary>
public static class JsonReport
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
        TypeInfoResolver = ExperimentsJson.Default,
    };

    /// <summary>The report.</summary>
    public static string Of(Report report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var experiments = new JsonArray([.. report.Sections.Select(section => new JsonObject
        {
            ["name"] = section.Plan.Name,
            ["title"] = section.Plan.Title,
            ["tables"] = new JsonArray([.. section.Parts.OfType<ReportTable>().Select(Table)]),
            ["missing"] = new JsonArray([.. section.Missing.Select(one => new JsonObject
            {
                ["key"] = one.Point.Key,
                ["point"] = MarkdownReport.Name(one.Point),
                ["why"] = one.Why,
            })]),
        })]);
        var machines = new JsonArray(
            [.. report.Machines.Select(machine => JsonSerializer.SerializeToNode(machine, ExperimentsJson.Web.InfoOf<PointMachine>()))]);
        return new JsonObject
        {
            ["experiments"] = experiments,
            ["points"] = report.Results.Count,
            ["seconds"] = report.Seconds,
            ["machines"] = machines,
        }.ToJsonString(Json) + "\n";
    }

    private static JsonObject Table(ReportTable table) => new()
    {
        ["title"] = table.Title,
        ["data"] = table.Data,
        ["heads"] = new JsonArray([.. table.Heads.Select(head => JsonValue.Create(head))]),
        ["columns"] = new JsonArray([.. table.Columns.Select(column => JsonValue.Create(column.Name))]),
        ["published"] = table.Source,
        ["lines"] = new JsonArray([.. table.Lines.Select(line => new JsonObject
        {
            ["heads"] = new JsonArray([.. line.Heads.Select(head => JsonValue.Create(head))]),
            ["cells"] = new JsonArray([.. line.Cells.Select((cell, i) => Cell(cell, line.Published[i]))]),
        })]),
    };

    private static JsonObject? Cell(ReportCell? cell, double? published)
    {
        if (cell is null) return null;
        var of = new JsonObject { ["value"] = JsonSerializer.SerializeToNode(cell.Value, Json.InfoOf<double>()) };
        if (cell.Deviation is { } deviation) of["deviation"] = JsonSerializer.SerializeToNode(deviation, Json.InfoOf<double>());
        else if (cell is { Low: { } low, High: { } high }) (of["low"], of["high"]) = (low, high);
        if (published is { } paper) of["published"] = paper;
        of["keys"] = new JsonArray([.. cell.Keys.Select(key => JsonValue.Create(key))]);
        return of;
    }
}
