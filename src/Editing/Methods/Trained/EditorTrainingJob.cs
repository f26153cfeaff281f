using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>The training of a network that makes edits: for which method, of what, and where to put it.</summary>
public sealed record EditorTrainingJob
{
    /// <summary>The method's settings: which matrices it edits, and how large its network is.</summary>
    public required NetSettings Settings { get; init; }

    /// <summary>
    /// Steps, step size and what is kept when. A step reads <see cref="TrainingPlan.Accumulate"/> edits; what is said of text means nothing
    /// here.
    /// </summary>
    public required TrainingPlan Plan { get; init; }

    /// <summary>What the two sides of the loss count.</summary>
    public MetaWeights Counts { get; init; } = new();

    /// <summary>The edits to learn from.</summary>
    public required IReadOnlyList<EditRecord> Records { get; init; }

    /// <summary>How their prompts end.</summary>
    public Triggers Triggers { get; init; } = new("", "");

    /// <summary>Texts that no edit shall touch, for records that have no unrelated question; may be none.</summary>
    public IReadOnlyList<int[]> Texts { get; init; } = [];

    /// <summary>
    /// How many records, the last ones, are asked on the way instead of being learnt from; null for a tenth, at most 100.
    /// </summary>
    public int? HeldOut { get; init; }

    /// <summary>The file to write; must not exist. Until it does, the run is kept in a folder beside it.</summary>
    public required string Output { get; init; }

    /// <summary>Whether to go on with a run that stopped.</summary>
    public bool Resume { get; init; }

    /// <summary>The clock that hours and minutes are measured with.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told what is no error but worth knowing.</summary>
    public Action<string>? Notice { get; init; }
}

/// <summary>What came of it.</summary>
/// <param name="Steps">Steps taken.</param>
/// <param name="Planned">Steps that were planned.</param>
/// <param name="Edits">Edits that they made and learnt from.</param>
/// <param name="Records">How many there were to choose from.</param>
/// <param name="HeldOut">How many were asked.</param>
/// <param name="Parameters">Weights of the network.</param>
/// <param name="Seconds">What it took, over all parts of the run.</param>
/// <param name="FirstLoss">Loss of the first step.</param>
/// <param name="Loss">Loss of the last step.</param>
/// <param name="End">Why it ended.</param>
/// <param name="Evaluation">What the written network came to on the held-out records; null where none was.</param>
/// <param name="Log">The file with a line for each step and evaluation.</param>
public sealed record EditorTrainingResult(
    int Steps, int Planned, long Edits, int Records, int HeldOut, long Parameters, double Seconds, double? FirstLoss, double? Loss,
    TrainingEnd End, TrainingLogLine? Evaluation, string Log);
