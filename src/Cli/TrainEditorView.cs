using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Cli;

/// <summary>How the training of an editor's network looks while it runs, and what came of it.</summary>
internal static class TrainEditorView
{
    /// <summary>How far it has come.</summary>
    public static Step StepOf(TrainingProgress told) => new(
        "Training", "steps", told.Step, told.Steps,
        $"loss {Terminal.Nats(told.Loss)}"
            + (told.EvaluationLoss is { } asked ? $", held out {Terminal.Nats(asked)}" : "")
            + $", {Terminal.Figure(told.TokensPerSecond)} edits/s"
            + (told.Step < told.Steps ? $", {Terminal.Duration(told.SecondsLeft)} left" : ""));

    /// <summary>What came of it.</summary>
    public static void Render(Terminal terminal, EditorTrainingJob job, EditorTrainingResult result)
    {
        long bytes = new FileInfo(job.Output).Length;
        IReadOnlyDictionary<string, double>? terms = result.Evaluation?.Terms;
        if (terminal.Json)
        {
            terminal.Document(new
            {
                file = job.Output,
                log = result.Log,
                method = job.Settings.Method,
                parameters = result.Parameters,
                bytes,
                steps = result.Steps,
                planned = result.Planned,
                end = result.End,
                edits = result.Edits,
                records = result.Records,
                heldOut = result.HeldOut,
                seconds = Math.Round(result.Seconds, 3),
                firstLoss = result.FirstLoss,
                loss = result.Loss,
                writtenStep = result.Evaluation?.Step,
                heldOutLoss = result.Evaluation?.EvaluationLoss,
                heldOutTerms = terms,
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

        terminal.Line(result.End switch
        {
            TrainingEnd.Hours => $"Its time was up before all {Terminal.Count(result.Planned)} steps were taken.",
            TrainingEnd.NoBetter => "It ended early: evaluations did not become better any more.",
            _ => $"Teach with it by 'edits add --method {job.Settings.Method} --net {job.Output}'; {result.Log} has a line for each step.",
        });
    }
}
