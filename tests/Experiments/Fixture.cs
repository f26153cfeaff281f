using System.Text.Json.Nodes;
using Sharpformer.Editing.Metrics.Examination;
using Sharpformer.Experiments.Plans;
using Sharpformer.Experiments.Points;
using Sharpformer.Experiments.Running;

namespace Sharpformer.Tests.Experiments;

/// <summary>Results as if they had been measured.</summary>
internal static class Fixture
{
    public static readonly PointMachine Machine = new("1.2.3", "Some Processor", "Some System", "CPU", 2);

    /// <summary>A point's result with ES, PS and NS.</summary>
    public static PointResult Result(
        string key, double es, double ps, double ns, double seconds = 5, params Figure[] more) => new(
            key, new JsonObject { ["method"] = "ireva", ["settings"] = new JsonObject { ["theta"] = 0.5 }, ["count"] = 10 },
            [
                Figure("ES", "edit", es), Figure("PS", "other words", ps), Figure("NS", "locality", ns), .. more,
            ],
            new PointCosts(seconds, 2 * seconds, 1e8, 100, 50, 100, 60), Machine, DateTimeOffset.UnixEpoch);

    public static Figure Figure(string name, string group, double value) =>
        new(name, "protocol", group, 10, value / 2, value, value - 1, value + 1);

    public static KeptPoint Point(
        string label, string key, string data = "zsre", int count = 10, ulong seed = 1, string model = "m",
        params (string Name, string Value)[] at) =>
        new(label, at.ToDictionary(one => one.Name, one => one.Value), model, data, count, seed, key);

    public static KeptPlan Plan(IReadOnlyList<ReportView> views, params KeptPoint[] points) =>
        new("own", "Own <title>", "About & all.", "definition", views, points);
}
