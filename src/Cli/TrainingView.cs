using System.Text.Json.Nodes;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Cli;

/// <summary>How a training run looks while it runs, and what came of it.</summary>
internal static class TrainingView
{
    /// <summary>How far it has come.</summary>
    /// <param name="told">What is told of it.</param>
    /// <param name="units">What it learns from.</param>
    /// <param name="evaluation">What an evaluation asks.</param>
    public static Step StepOf(TrainingProgress told, string units = "tokens", string evaluation = "evaluation") => new(
        "Training", "steps", told.Step, told.Steps,
        $"loss {Terminal.Nats(told.Loss)}"
            + (told.EvaluationLoss is { } asked ? $", {evaluation} {Terminal.Nats(asked)}" : "")
            + $", {Terminal.Figure(told.TokensPerSecond)} {units}/s"
            + (told.Step < told.Steps ? $", {Terminal.Duration(told.SecondsLeft)} left" : ""));

    /// <summary>What came of it.</summary>
    public static void Render(Terminal terminal, string folder, TrainingResult result)
    {
        bool isAdapter = result.Plan.Lora is not null;
        long bytes = new FileInfo(Path.Combine(folder, isAdapter ? "adapter_model.safetensors" : "model.safetensors")).Length;
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["folder"] = folder,
                ["parameters"] = result.Parameters,
                ["trained"] = result.Trained,
                ["bytes"] = bytes,
                ["steps"] = result.Step,
                ["planned"] = result.Steps,
                ["end"] = result.End.AsJson(),
                ["tokens"] = result.Tokens,
                ["seconds"] = Math.Round(result.Seconds, 3),
                ["firstLoss"] = result.FirstLoss,
                ["loss"] = result.Loss,
                ["evaluationLoss"] = result.EvaluationLoss,
                ["bestStep"] = result.BestStep,
                ["bestLoss"] = result.BestLoss,
                ["keptBest"] = result.KeptBest,
                ["text"] = result.Text.Select(JsonText.Record).AsJson(),
                ["evaluation"] = result.Evaluation.Select(JsonText.Record).AsJson(),
                ["training"] = new JsonObject(TrainingKeys.All.Select(key => KeyValuePair.Create(key.Name, key.Of(result.Plan)))),
            });
            return;
        }

        string parameters = isAdapter ? $"a LoRA adapter of {Terminal.Count(result.Trained)} parameters"
            : $"{Terminal.Count(result.Parameters)} parameters"
            + (result.Trained == result.Parameters ? "" : $" ({Terminal.Count(result.Trained)} trained)");
        terminal.Line($"Wrote {folder}: {parameters} as {result.Plan.DType}, "
            + $"{Terminal.Bytes(bytes)}, after {Terminal.Counted(result.Step, "step")} on {Terminal.Counted(result.Tokens, "token")} "
            + $"in {Terminal.Duration(result.Seconds)}.");
        terminal.Line($"Loss: {Nats(result.FirstLoss)} at the first step, {Nats(result.Loss)} at the last.");
        if (result.EvaluationLoss is { } asked)
        {
            string kept = result.KeptBest ? ", whose weights were written" : "";
            terminal.Line($"Evaluation: {Terminal.Nats(asked)} in the end, best {Nats(result.BestLoss)} after step "
                + $"{Terminal.Count(result.BestStep ?? 0)}{kept}.");
        }

        terminal.Line(EarlyEnd(result.End, result.Steps) ?? (isAdapter
            ? $"Use it with --adapter {folder} beside its model; in it are README.md, loss.svg and training.jsonl too."
            : "In it are README.md, the model card, loss.svg and training.jsonl."));
    }

    /// <summary>Why a run ended before its last step; null where it did not.</summary>
    /// <param name="end">Why it ended.</param>
    /// <param name="planned">Steps that were planned.</param>
    public static string? EarlyEnd(TrainingEnd end, int planned) => end switch
    {
        TrainingEnd.Hours => $"Its time was up before all {Terminal.Count(planned)} steps were taken.",
        TrainingEnd.NoBetter => "It ended early: evaluations did not become better any more.",
        _ => null,
    };

    private static string Nats(double? loss) => loss is { } value ? Terminal.Nats(value) : "-";
}
