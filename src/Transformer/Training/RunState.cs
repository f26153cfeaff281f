using System.Text.Json.Nodes;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>How far a run has come, beside what its trainer holds.</summary>
internal sealed record RunState
{
    /// <summary>Which run it is.</summary>
    public required RunIdentity Identity { get; init; }

    /// <summary>Steps of the whole run, which its learning rates follow.</summary>
    public required int Steps { get; init; }

    /// <summary>Steps taken.</summary>
    public int Step { get; init; }

    /// <summary>Targets of these.</summary>
    public long Tokens { get; init; }

    /// <summary>Seconds they took, with all that was done between them.</summary>
    public double Seconds { get; init; }

    /// <summary>Loss of the first step.</summary>
    public double? FirstLoss { get; init; }

    /// <summary>Loss of the last step.</summary>
    public double? Loss { get; init; }

    /// <summary>Loss of the last evaluation.</summary>
    public double? EvaluationLoss { get; init; }

    /// <summary>The step after which that was.</summary>
    public int Evaluated { get; init; }

    /// <summary>The best evaluation.</summary>
    public BestEvaluation? Best { get; init; }

    /// <summary>Evaluations since.</summary>
    public int SinceBest { get; init; }

    /// <summary>Bytes of the log.</summary>
    public long LogLength { get; init; }

    /// <summary>Their SHA-256; null in checkpoints of earlier versions of this program, as all such sums.</summary>
    public string? LogSha256 { get; init; }

    /// <summary>The file of the trainer's state.</summary>
    public string? TrainerFile { get; init; }

    /// <summary>Its SHA-256.</summary>
    public string? TrainerSha256 { get; init; }

    /// <summary>What of it cannot be; null where all can.</summary>
    public string? Fault() => Step < 0 || Step > Steps ? $"step is {Step} of {Steps}"
        : TrainerFile != TrainingCheckpoint.FileName("trainer", Step) ? $"trainerFile is {Quoted.Text(TrainerFile ?? "")} after step {Step}"
        : Tokens < 0 || LogLength < 0 || SinceBest < 0 || !(Seconds >= 0) ? "a number is below 0"
        : Evaluated < 0 || Evaluated > Step ? $"evaluated is {Evaluated} at step {Step}"
        : Best is { } best && (best.Step > Step || (best.File is { } file && file != TrainingCheckpoint.FileName("best", best.Step)))
            ? $"best is {Quoted.Text(best.File ?? "")} of step {best.Step} at step {Step}"
        : null;
}

/// <summary>The best evaluation of a run.</summary>
/// <param name="Step">The step after which it was.</param>
/// <param name="Loss">Its loss.</param>
/// <param name="File">The file of the weights it was made with; null where they are not kept.</param>
/// <param name="Sha256">The file's SHA-256.</param>
internal sealed record BestEvaluation(int Step, double Loss, string? File = null, string? Sha256 = null);

/// <summary>What makes a run the same again: what decides its bits.</summary>
/// <param name="Settings">By the names of <see cref="TrainingKeys"/>.</param>
/// <param name="Text">Digest of what is learnt.</param>
/// <param name="Evaluation">Digest of what is asked; null for nothing.</param>
/// <param name="Start">Who the model was before: digest of its weights, or of its shape where it is from scratch.</param>
internal sealed record RunIdentity(JsonObject Settings, string Text, string? Evaluation, string Start)
{
    // None changes a bit of what is trained: what memory leads to counts, not how much there is.
    private static readonly string[] Changeable = ["memory", "hours", "checkpointEvery", "checkpointMinutes", "dtype"];

    /// <summary>The identity of a run.</summary>
    public static RunIdentity Of(TrainingPlan plan, TrainingText text, TrainingText? evaluation, string start) =>
        new(SettingsOf(plan), text.Digest, evaluation?.Digest, start);

    /// <summary>What a plan says that decides bits.</summary>
    public static JsonObject SettingsOf(TrainingPlan plan) => new(
        TrainingKeys.All.Where(key => !Changeable.Contains(key.Name)).Select(key => KeyValuePair.Create(key.Name, key.Of(plan))));

    /// <summary>Makes sure that this run may go on where another stopped.</summary>
    /// <param name="stopped">The other.</param>
    /// <param name="where">What messages call it.</param>
    /// <exception cref="InputException">It is not the same.</exception>
    public void CheckGoesOn(RunIdentity stopped, string where)
    {
        foreach ((string name, JsonNode? value) in Settings)
        {
            string now = Shown(value), then = Shown(stopped.Settings[name]);
            if (now != then) throw Differs($"{name} {then}, this one has {now}");
        }

        if (Start != stopped.Start) throw Differs("another model to start from");
        if (Text != stopped.Text) throw Differs("other text or records, or another tokenizer");
        if (Evaluation == stopped.Evaluation) return;
        throw Differs(stopped.Evaluation is null ? "no evaluation text, this one has one"
            : Evaluation is null ? "an evaluation text, this one has none" : "another evaluation text");

        InputException Differs(string what) => new(
            $"{where}: the run that stopped there had {what}, expected the same.",
            "repeat its command, or remove the folder to begin anew.");
    }

    private static string Shown(JsonNode? value) => value?.ToJsonString() ?? "(none)";
}
