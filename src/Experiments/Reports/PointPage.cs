using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Editing.Reports;
using Sharpformer.Experiments.Points;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Experiments.Reports;

/// <summary>A point as a page: its settings, its figures, and its prompts as a table that is sorted and filtered.</summary>
public static class PointPage
{
    private static readonly string[] Heads =
        ["record", "kind", "group", "frame", "prompt", "expected", "base says", "said", "P", "pass", "whole", "kept", "KL", "edit"];

    /// <summary>The page.</summary>
    /// <param name="result">The point.</param>
    /// <param name="rowsFile">The file of its prompts.</param>
    /// <exception cref="InputException">That is damaged.</exception>
    public static string Of(PointResult result, string rowsFile)
    {
        ArgumentNullException.ThrowIfNull(result);
        string key = result.Key;
        var body = new StringBuilder($"<p><a href=\"../report.html\">report</a> <a href=\"{key}.json\">{key}.json</a> ");
        body.Append($"<a href=\"../rows/{key}.jsonl.gz\">all prompts</a></p>\n<table>\n");
        foreach ((string name, JsonNode? value) in result.Point)
            body.Append(Html.Fact(name, $"<code>{Markup.Text(value?.ToJsonString() ?? "none")}</code>"));
        body.Append(Html.Fact("costs", $"<code>{Markup.Text(JsonSerializer.Serialize(result.Costs, JsonSerializerOptions.Web))}</code>"));
        body.Append(Html.Fact("machine", Markup.Text($"{result.Machine.Processor}, {result.Machine.Device}, {result.Machine.System}, "
            + $"Sharpformer {result.Machine.Version}, {Html.Time(result.At)}")));
        HtmlTable figures = new HtmlTable().Head("figure").Head("of").Head("protocol").Head("records", isNumber: true)
            .Head("base", isNumber: true).Head("edited", isNumber: true).Head("95 %", isNumber: true);
        foreach (Figure figure in result.Figures)
        {
            string interval = figure.Low == figure.High ? "" : $"{Number(figure.Low)} to {Number(figure.High)}";
            figures.Row(
                HtmlTable.Text(figure.Name), HtmlTable.Text(figure.Group), HtmlTable.Text(figure.Protocol), HtmlTable.Number($"{figure.N}"),
                HtmlTable.Number(figure.Base is { } of ? Number(of) : ""), HtmlTable.Number(Number(figure.Edited)),
                HtmlTable.Number(interval));
        }

        body.Append($"</table>\n<h2>Figures</h2>\n{figures}<h2>Prompts</h2>\n<p>{HtmlTable.Filter("prompts")} ");
        body.Append("<span id=\"count\" class=\"dim\"></span></p>\n<div class=\"wide\"><table id=\"prompts\"></table></div>\n"
            + "<p><button id=\"more\" hidden>more</button></p>\n");
        body.Append($"<script type=\"application/json\" id=\"rows\">{Rows(rowsFile)}</script>\n");
        return Html.Page($"Point {key}", body.ToString(), HtmlReport.Script);
    }

    private static string Number(double value) => Markup.Number(value, "0.###");

    /// <summary>The prompts as data within a page, where <c>&lt;</c> is escaped, which only could end it.</summary>
    private static string Rows(string file)
    {
        var rows = new JsonArray();
        try
        {
            using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
            using var reader = new StreamReader(packed);
            while (reader.ReadLine() is { } line) rows.Add(Row(JsonNode.Parse(line)!));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException)
        {
            throw new InputException(
                $"{file}: cannot be read: {e.Message.TrimEnd('.')}.", "remove the point's files, and run it again.", e);
        }

        return new JsonObject { ["heads"] = new JsonArray([.. Heads.Select(head => JsonValue.Create(head))]), ["rows"] = rows }
            .ToJsonString().Replace("<", "\\u003c", StringComparison.Ordinal);
    }

    private static JsonArray Row(JsonNode prompt)
    {
        JsonNode? before = prompt["base"], after = prompt["edited"];
        return new JsonArray(
            (int)prompt["record"]!, (string)prompt["kind"]!, (string)prompt["group"]!, (string)prompt["frame"]!, (string)prompt["prompt"]!,
            string.Join(" | ", prompt["expected"]!.AsArray().Select(one => (string)one!)), before?["said"]?.DeepClone(),
            after?["said"]?.DeepClone(), after?["probability"] is { } p ? Math.Round((double)p, 4) : null,
            Word(after?["pass"], "pass", "fail"), Word(after?["whole"], "whole", "not whole"), Word(prompt["kept"], "kept", "changed"),
            Math.Round((double)prompt["kl"]!, 4), prompt["edit"]?.DeepClone());

        static string? Word(JsonNode? flag, string yes, string no) => flag is null ? null : (bool)flag ? yes : no;
    }
}
