using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Reports;
using Sharpformer.Experiments.Running;

namespace Sharpformer.Experiments;

/// <summary>
/// How this library's own types become JSON, written at compile time: a program compiled ahead of time cannot look types up, and one that
/// need not starts sooner.
/// </summary>
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(DateTimeOffset))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(Figure))]
[JsonSerializable(typeof(KeptPlan))]
[JsonSerializable(typeof(PointResult))]
[JsonSerializable(typeof(PointPage.PromptRow))]
internal sealed partial class ExperimentsJson : JsonSerializerContext
{
    /// <summary>As web pages have it.</summary>
    public static JsonSerializerOptions Web { get; } = new(JsonSerializerDefaults.Web) { TypeInfoResolver = new ExperimentsJson() };
}
