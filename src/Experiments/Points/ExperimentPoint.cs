using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Experiments.Plans;

namespace Sharpformer.Experiments.Points;

/// <summary>
/// One measurement: a method with all its settings taught so many facts of a set to a model. What it is called in a plan is no part of
/// it, so that experiments share points.
/// </summary>
/// <param name="Method">The method; <see cref="PlannedMethod.None"/> for the base model.</param>
/// <param name="Settings">Its settings; null for the base model.</param>
/// <param name="Ablation">What its adaptor lacks when it is asked.</param>
/// <param name="Model">Who the model is.</param>
/// <param name="Data">The data.</param>
/// <param name="DataHash">Its <see cref="DataSet.Hash"/>.</param>
/// <param name="Count">How many edits are taught.</param>
/// <param name="Seed">Which.</param>
/// <param name="Measures">What is measured beside the prompts.</param>
public sealed record ExperimentPoint(
    string Method, EditSettings? Settings, Ablation Ablation, ModelFingerprint Model, DataSource Data, string DataHash, int Count,
    ulong Seed, IReadOnlyList<string> Measures)
{
    private const int KeyLength = 16; // 64 bits: two of a million points are the same with a chance of one in thirty million

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The beginning of the SHA-256 of <see cref="ToJson"/>: the name of its result.</summary>
    public string Key => KeyOf(ToJson());

    /// <summary>The key of what <see cref="ToJson"/> gave.</summary>
    public static string KeyOf(JsonObject point)
    {
        ArgumentNullException.ThrowIfNull(point);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(point.ToJsonString(Json))))[..KeyLength];
    }

    /// <summary>All that decides what is measured, always in this order.</summary>
    public JsonObject ToJson() => new()
    {
        ["method"] = Method,
        ["settings"] = Settings is null ? null : JsonNode.Parse(Settings.ToJson()),
        ["ablation"] = JsonNamingPolicy.CamelCase.ConvertName(Ablation.ToString()),
        ["model"] = new JsonObject { ["weights"] = Model.Weights, ["tokenizer"] = Model.Tokenizer },
        ["data"] = new JsonObject
        {
            ["files"] = DataHash,
            ["answerTrigger"] = Data.Triggers.AnswerTrigger,
            ["locTrigger"] = Data.Triggers.LocTrigger,
            ["endings"] = new JsonObject([.. Data.Endings.Select(one => KeyValuePair.Create(one.Key, (JsonNode?)one.Value))]),
            ["split"] = Data.Split?.ToString(),
        },
        ["count"] = Count,
        ["seed"] = Seed,
        ["measures"] = new JsonArray([.. Measures.Select(measure => JsonValue.Create(measure))]),
    };
}

/// <summary>A point as a plan has it.</summary>
/// <param name="Label">The method's name in reports.</param>
/// <param name="At">What is varied, by name, as it is written.</param>
/// <param name="Folder">The model's folder.</param>
/// <param name="Model">The model's name in reports.</param>
/// <param name="Point">The point.</param>
public sealed record PlannedPoint(
    string Label, IReadOnlyDictionary<string, string> At, string Folder, string Model, ExperimentPoint Point)
{
    /// <summary>The file of a trained network; null looks beside the model's folder.</summary>
    public string? Net { get; init; }

    /// <summary>Why it cannot even be begun; null where it can.</summary>
    public string? Failure { get; init; }

    /// <summary>What is varied, to stand behind a label: <c>, theta 0.75</c>.</summary>
    internal static string Varied(IReadOnlyDictionary<string, string> at) => string.Concat(at.Select(one => $", {one.Key} {one.Value}"));

    /// <summary>In a few words: <c>ireva, theta 0.75, on zsre, 1000 edits, seed 1</c>.</summary>
    public override string ToString() =>
        $"{Label}{Varied(At)}, on {Point.Data.Name} of {Model}, "
            + $"{Point.Count} edits, seed {Point.Seed}";
}
