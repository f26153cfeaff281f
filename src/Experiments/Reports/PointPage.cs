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
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        TypeInfoResolver = ExperimentsJson.Default,
    };

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
        string costs = JsonSerializer.Serialize(result.Costs, ExperimentsJson.Web.InfoOf<PointCosts>());
        body.Append(Html.Fact("costs", $"<code>{Markup.Text(costs)}</code>"));
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

    private static string Number(double value) =>
        Markup.Number(value, Math.Abs(value) is > 0 and < 0.001 ? "0.##E+0" : "0.###");

    /// <summary>The prompts as data within a page, where <c>&lt;</c> is escaped, which only could end it.</summary>
    private static string Rows(string file)
    {
        var rows = new JsonArray();
        try
        {
            using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
            using var reader = new StreamReader(packed);
            while (reader.ReadLine() is { } line)
            {
                PromptRow row = JsonSerializer.Deserialize(line, Json.InfoOf<PromptRow>()) ?? throw new JsonException("a line is null");
                rows.Add((JsonNode)Row(row));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException)
        {
            throw new InputException(
                $"{file}: is no list of prompts as this program writes it, or damaged.", "remove the point's files, and run it again.", e);
        }

        return new JsonObject { ["heads"] = new JsonArray([.. Heads.Select(head => JsonValue.Create(head))]), ["rows"] = rows }
            .ToJsonString().Replace("<", "\\u003c", StringComparison.Ordinal);
    }

    private static JsonArray Row(PromptRow prompt) => new(
        prompt.Record, prompt.Kind, prompt.Group, prompt.Frame, prompt.Prompt, string.Join(" | ", prompt.Expected), prompt.Base?.Said,
        prompt.Edited?.Said, prompt.Edited is { } edited ? Math.Round(edited.Probability, 4) : null,
        Word(prompt.Edited?.Pass, "pass", "fail"), Word(prompt.Edited?.Whole, "whole", "not whole"), Word(prompt.Kept, "kept", "changed"),
        Math.Round(prompt.Kl, 4), prompt.Edit);

    private static string? Word(bool? flag, string yes, string no) => flag is { } known ? known ? yes : no : null;

    /// <summary>A line of a file of prompts, see <see cref="ExaminedRows"/>.</summary>
    internal sealed record PromptRow(
        int Record, string Kind, string Group, string Frame, string Prompt, string[] Expected, bool Kept, double Kl, long? Edit,
        PromptAnswer? Base = null, PromptAnswer? Edited = null);

    /// <summary>How a model answers it.</summary>
    internal sealed record PromptAnswer(double Probability, bool Whole, string? Said = null, bool? Pass = null);
}
