#:project ../src/Experiments/Experiments.csproj
#:property PublishAot=false
// Draws other words against neighbours: PS and neighbours kept of methods, each over its own dial, from lines of measure-edits.cs.
//
//   dotnet run -c Release scripts/draw-trade-off.cs -- docs/results/trade-off.jsonl docs/results
//
// One picture for each count of edits, trade-off-COUNT.svg. A dial is the setting in which a method's lines differ.
using System.Globalization;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Reports;
using Sharpformer.Experiments.Figures;

JsonObject[] lines = [.. File.ReadLines(args[0]).Select(line => JsonNode.Parse(line)!.AsObject())];
foreach (var together in lines.GroupBy(line => (int)line["count"]!))
{
    var methods = together.GroupBy(line => (string)line["method"]!).Select(of => (Name: of.Key, Lines: of.ToArray()))
        .OrderByDescending(method => method.Lines.Max(line => Math.Min(Share(line, "ps"), Share(line, "neighbours"))));
    ChartCurve[] curves = [.. methods.Select(method => new ChartCurve(method.Name, PointsOf(method.Lines)))];
    string picture = Chart.Of(
        string.Create(CultureInfo.InvariantCulture, $"Other words against neighbours: {together.Key:#,0} edits, each method over its dial"),
        ChartAxis.Percent("neighbours kept, percent"), ChartAxis.Percent("other words said (PS), percent"), curves);
    ReportFile.Write(Path.Combine(args[1], $"trade-off-{together.Key}.svg"), text => text.Write(picture));
}

static double Share(JsonObject line, string name) => (double)line[name]!;

static ChartPoint[] PointsOf(JsonObject[] lines)
{
    string? dial = lines[0]["settings"]!.AsObject().Select(setting => setting.Key)
        .FirstOrDefault(name => lines.Select(line => line["settings"]![name]?.ToJsonString()).Distinct().Count() > 1);
    return [.. lines.Select(line => (Value: dial is null ? 0 : (double)line["settings"]![dial]!, Line: line)).OrderBy(one => one.Value)
        .Select(one => new ChartPoint(
            Share(one.Line, "neighbours"), Share(one.Line, "ps"),
            string.Create(CultureInfo.InvariantCulture,
                $"{dial} {one.Value:0.######}, PS {Share(one.Line, "ps"):0.#}, neighbours {Share(one.Line, "neighbours"):0.#}")))];
}
