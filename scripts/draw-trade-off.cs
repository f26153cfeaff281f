#:project ../src/Experiments/Experiments.csproj
#:property PublishAot=false
// Draws other words against what is kept: PS, and neighbours or other questions about edited subjects, of methods, each over its own dial,
// from lines that measure-edits.cs printed.
//
//   dotnet run -c Release scripts/draw-trade-off.cs -- docs/results/trade-off.jsonl docs/results
//
// Two pictures for each count of edits, neighbours-COUNT.svg and same-subject-COUNT.svg. A dial is the setting in which a method's lines
// differ.
using System.Globalization;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Reports;
using Sharpformer.Experiments.Figures;

JsonObject[] lines = [.. File.ReadLines(args[0]).Select(line => JsonNode.Parse(line)!.AsObject())];
(string File, string Field, string Axis)[] kept =
[
    ("neighbours", "neighbours", "neighbours kept, percent"),
    ("same-subject", "sameSubject", "other questions about edited subjects kept, percent"),
];
foreach (var together in lines.GroupBy(line => (int)line["count"]!))
{
    foreach ((string file, string field, string axis) in kept)
    {
        var methods = together.GroupBy(line => (string)line["method"]!).Select(of => (Name: of.Key, Lines: of.ToArray()))
            .OrderByDescending(method => method.Lines.Max(line => Math.Min(Share(line, "ps"), Share(line, field))));
        string picture = Chart.Of(
            string.Create(CultureInfo.InvariantCulture, $"{together.Key:#,0} edits, each method over its own dial"),
            ChartAxis.Percent(axis), ChartAxis.Percent("other words said (PS), percent"),
            [.. methods.Select(method => new ChartCurve(method.Name, PointsOf(method.Lines, field)))]);
        ReportFile.Write(Path.Combine(args[1], $"{file}-{together.Key}.svg"), text => text.Write(picture));
    }
}

static double Share(JsonObject line, string name) => (double)line[name]!;

static ChartPoint[] PointsOf(JsonObject[] lines, string field)
{
    string? dial = lines[0]["settings"]!.AsObject().Select(setting => setting.Key)
        .FirstOrDefault(name => lines.Select(line => line["settings"]![name]?.ToJsonString()).Distinct().Count() > 1);
    return [.. lines.Select(line => (Value: dial is null ? 0 : (double)line["settings"]![dial]!, Line: line)).OrderBy(one => one.Value)
        .Select(one => new ChartPoint(
            Share(one.Line, field), Share(one.Line, "ps"),
            string.Create(CultureInfo.InvariantCulture,
                $"{dial} {one.Value:0.######}, PS {Share(one.Line, "ps"):0.#}, kept {Share(one.Line, field):0.#}")))];
}
