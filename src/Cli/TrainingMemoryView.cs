using System.Text.Json.Nodes;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Cli;

/// <summary>How the memory of a training looks: with and without blocks that are computed twice.</summary>
internal sealed class TrainingMemoryView
{
    /// <summary>The settings that it depends on.</summary>
    public static readonly string[] Settings = ["window", "batchTokens", "accumulate", "lora", "freeze", "memory"];

    private readonly ModelConfig config;
    private readonly TrainingPlan plan;
    private readonly TrainingMemory plain, recomputed;
    private readonly long perToken, perTokenRecomputed;

    private TrainingMemoryView(ModelConfig config, TrainingPlan fitted, long stored)
    {
        (this.config, plan) = (config, fitted);
        (plain, perToken) = Of(recomputes: false);
        (recomputed, perTokenRecomputed) = Of(recomputes: true);

        (TrainingMemory Memory, long PerToken) Of(bool recomputes)
        {
            TrainingPlan one = fitted with { Settings = fitted.Settings with { RecomputesBlocks = recomputes } };
            var memory = TrainingMemory.Of(one, config, stored);
            var twice = TrainingMemory.Of(one with { BatchTokens = 2 * memory.Tokens }, config, stored);
            return (memory, (twice.Step - memory.Step) / memory.Tokens);
        }
    }

    /// <summary>The memory of a plan, after its batches were made to fit where it says how much there is.</summary>
    public static TrainingMemoryView Of(ModelConfig config, TrainingPlan plan, long stored) => new(
        config, TrainingMemory.Fit(plan with { Window = plan.Window ?? config.NPositions }, config, stored), stored);

    /// <summary>For JSON.</summary>
    public JsonObject Document => new JsonObject
    {
        ["window"] = plan.Window,
        ["windows"] = plan.Rows(config),
        ["accumulate"] = plan.Accumulate,
        ["lora"] = plan.Lora?.ToString(),
        ["recomputeBlocks"] = plan.Settings.RecomputesBlocks,
        ["plain"] = JsonText.Record(plain),
        ["perToken"] = perToken,
        ["recomputed"] = JsonText.Record(recomputed),
        ["perTokenRecomputed"] = perTokenRecomputed,
    };

    /// <summary>For people.</summary>
    public void AddRows(Table table)
    {
        string batches = plan.Accumulate > 1 ? $"{plan.Accumulate} batches of " : "";
        string lora = plan.Lora is { } said ? $", LoRA {said}" : "";
        Terminal.AddRow(
            table, "memory: training",
            $"{batches}{Terminal.Counted(plan.Rows(config), "window")} of {Terminal.Counted(plan.Window ?? 0, "token")}{lora}: "
            + $"weights {Terminal.Bytes(plain.Weights)}, trained {Terminal.Bytes(plain.Trained)}, moments "
            + $"{Terminal.Bytes(plain.Moments)}; of a step gradients {Terminal.Bytes(plain.Gradients)}, "
            + $"logits {Terminal.Bytes(plain.Logits)}");
        Terminal.AddRow(table, "", Told("a step", plain, perToken));
        Terminal.AddRow(table, "", Told("with --recompute-blocks true a step", recomputed, perTokenRecomputed));
        if (plan.Memory is not null) Terminal.AddRow(table, "", $"so {TrainingMemory.Choice(plan)}");
    }

    private static string Told(string how, TrainingMemory memory, long perToken) =>
        $"{how} {Terminal.Bytes(memory.Step)}, {Terminal.Bytes(perToken)} more for each token of a batch: "
        + $"{Terminal.Bytes(memory.Total)} in all";
}
