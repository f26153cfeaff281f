using System.Text.Json.Nodes;
using Sharpformer.Editing.Methods.Trained;

namespace Sharpformer.Cli;

/// <summary>What came of the training of an editor's network.</summary>
internal static class TrainEditorView
{
    /// <summary>What came of it.</summary>
    public static void Render(Terminal terminal, EditorTrainingJob job, EditorTrainingResult result)
    {
        long bytes = new FileInfo(job.Output).Length;
        IReadOnlyDictionary<string, double>? terms = result.Evaluation?.Terms;
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["file"] = job.Output,
                ["log"] = result.Log,
                ["method"] = job.Settings.Method,
                ["parameters"] = result.Parameters,
                ["bytes"] = bytes,
                ["steps"] = result.Steps,
                ["planned"] = result.Planned,
                ["end"] = result.End.AsJson(),
                ["edits"] = result.Edits,
                ["records"] = result.Records,
                ["heldOut"] = result.HeldOut,
                ["seconds"] = Math.Round(result.Seconds, 3),
                ["firstLoss"] = result.FirstLoss,
                ["loss"] = result.Loss,
                ["writtenStep"] = result.Evaluation?.Step,
                ["heldOutLoss"] = result.Evaluation?.EvaluationLoss,
                ["heldOutTerms"] = terms is null ? null : new JsonObject(
                    terms.Select(term => KeyValuePair.Create(term.Key, (JsonNode?)term.Value))),
            });
            return;
        }

        terminal.Line($"Wrote {job.Output}: {Terminal.Count(result.Parameters)} parameters, {Terminal.Bytes(bytes)}, after "
            + $"{Terminal.Counted(result.Steps, "step")} on {Terminal.Counted(result.Edits, "edit")} in "
            + $"{Terminal.Duration(result.Seconds)}.");
        if (result.Evaluation is { EvaluationLoss: { } loss } evaluation && terms is not null)
        {
            terminal.Line($"{Terminal.Counted(result.HeldOut, "held-out record")} after step {Terminal.Count(evaluation.Step)}: "
                + $"loss {Terminal.Nats(loss)}; {Terminal.Percent(100 * terms["said"])} % answered in other words, "
                + $"{Terminal.Percent(100 * terms["kept"])} % of what is unrelated stays.");
        }

        terminal.Line(TrainingView.EarlyEnd(result.End, result.Planned)
            ?? $"Teach with it by 'edits add --method {job.Settings.Method} --net {job.Output}'; {result.Log} has a line for each step.");
    }
}
