using System.Text.Json.Nodes;
using Sharpformer.Editing;

namespace Sharpformer.Cli;

/// <summary>What teaching would take, for people and for programs.</summary>
internal static class EstimateView
{
    /// <summary>In lines.</summary>
    /// <param name="estimate">The estimate.</param>
    /// <param name="settings">How edits would be taught.</param>
    /// <param name="model">The model, as it was named.</param>
    public static IEnumerable<string> Lines(TeachingEstimate estimate, EditSettings settings, string model)
    {
        EditorCosts costs = estimate.Costs;
        string atMost = costs.IsAtMost ? "at most " : "about ";
        yield return $"Method {settings.Method}: {Terminal.Counted(estimate.Edits, "edit")} in "
            + $"{(costs.Batches == 1 ? "1 batch" : $"{Terminal.Count(costs.Batches)} batches")} would take {atMost}"
            + $"{Terminal.Duration(estimate.Seconds)} and {Terminal.Bytes(costs.Memory)} beside the model, and "
            + $"{Terminal.Bytes(estimate.StoredBytes)} in the store ({Terminal.Bytes(estimate.StoredBytes / estimate.Edits)} an edit)."
            + (costs.IsAtMost ? " Searches that end early take less." : "");
        string host = estimate.HostFlopsPerSecond == 0 ? ""
            : $", and {Operations(costs.HostFlops)} in float64 at {Operations(estimate.HostFlopsPerSecond)} a second";
        yield return $"Reckoned, not tried: {Operations(costs.Flops)} at {Operations(estimate.FlopsPerSecond)} a second, as measured now "
            + $"on {Terminal.Counted(costs.TokensAtOnce, "token")} at once{host}.";
        foreach (NeededStatistics needed in estimate.Statistics)
            yield return needed.Missing is null
                ? $"Statistics of block {needed.Layer}: {Terminal.Visible(needed.File!)}."
                : $"Statistics of block {needed.Layer} are needed first: {Terminal.Visible(needed.Missing)}; "
                    + $"'model statistics --model {Terminal.Visible(model)} --text FILE --layer {needed.Layer} --output DIR' makes them.";
    }

    /// <summary>For <c>--json</c>.</summary>
    public static JsonObject? Json(TeachingEstimate? estimate) => estimate is null ? null : new JsonObject
    {
        ["edits"] = estimate.Edits,
        ["batches"] = estimate.Costs.Batches,
        ["seconds"] = estimate.Seconds,
        ["hours"] = estimate.Seconds / 3600,
        ["isAtMost"] = estimate.Costs.IsAtMost,
        ["memoryBytes"] = estimate.Costs.Memory,
        ["storedBytes"] = estimate.StoredBytes,
        ["flops"] = estimate.Costs.Flops,
        ["flopsPerSecond"] = estimate.FlopsPerSecond,
        ["tokensAtOnce"] = estimate.Costs.TokensAtOnce,
        ["hostFlops"] = estimate.Costs.HostFlops,
        ["hostFlopsPerSecond"] = estimate.HostFlopsPerSecond,
        ["statistics"] = estimate.Statistics.Select(needed => new JsonObject
        {
            ["layer"] = needed.Layer,
            ["file"] = needed.File,
            ["missing"] = needed.Missing,
        }).AsJson(),
    };

    private static string Operations(double flops) => flops switch
    {
        < 1e9 => $"{Terminal.Figure(flops / 1e6)} MFLOP",
        < 1e12 => $"{Terminal.Figure(flops / 1e9)} GFLOP",
        < 1e15 => $"{Terminal.Figure(flops / 1e12)} TFLOP",
        _ => $"{Terminal.Figure(flops / 1e15)} PFLOP",
    };
}
