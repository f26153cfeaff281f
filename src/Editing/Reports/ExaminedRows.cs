using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Metrics.Examination;

namespace Sharpformer.Editing.Reports;

/// <summary>The prompts of an examination as JSON Lines: what each figure is a mean of.</summary>
public static class ExaminedRows
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one line for each prompt.</summary>
    public static void Write(TextWriter writer, Examined examined)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(examined);
        foreach (ExaminedPrompt prompt in examined.Prompts) writer.Write(Line(prompt).ToJsonString(Json) + "\n");
    }

    private static JsonObject Line(ExaminedPrompt prompt)
    {
        var line = new JsonObject
        {
            ["record"] = prompt.Record,
            ["kind"] = JsonNamingPolicy.CamelCase.ConvertName(prompt.Kind.ToString()),
            ["group"] = prompt.Group,
            ["frame"] = prompt.Frame,
            ["prompt"] = prompt.Prompt,
            ["expected"] = new JsonArray([.. prompt.Expected.Select(answer => JsonValue.Create(answer))]),
        };
        if (prompt.Expected.Count > 0) (line["base"], line["edited"]) = (Scores(prompt, prompt.Base), Scores(prompt, prompt.Edited));
        (line["kept"], line["kl"], line["edit"]) = (prompt.IsKept, prompt.Kl, prompt.Edit == 0 ? null : prompt.Edit);
        return line;
    }

    private static JsonObject Scores(ExaminedPrompt prompt, PromptScores scores)
    {
        var of = new JsonObject
        {
            ["tokensRight"] = scores.TokensRight,
            ["whole"] = scores.IsWhole,
            ["probability"] = scores.Probability,
        };
        if (scores.RivalProbability is { } rival) (of["rivalProbability"], of["rivalWhole"]) = (rival, scores.IsRivalWhole);
        if (scores.Says is { } said) (of["said"], of["pass"]) = (said, prompt.Says(scores));
        return of;
    }
}
