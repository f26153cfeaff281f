namespace Sharpformer.Transformer.Training;

/// <summary>A run to be done: what to learn, from where, and where to put it.</summary>
public sealed record TrainingJob
{
    /// <summary>How, and for a model from scratch which shape.</summary>
    public required TrainingConfig Config { get; init; }

    /// <summary>What is learnt.</summary>
    public required IReadOnlyList<TextSource> Text { get; init; }

    /// <summary>What is asked on the way; nothing asks nothing.</summary>
    public IReadOnlyList<TextSource> Evaluation { get; init; } = [];

    /// <summary>The model folder to write; must not exist. Until it does, the run is kept in a folder beside it.</summary>
    public required string Output { get; init; }

    /// <summary>The model folder to start from; null for random weights.</summary>
    public string? From { get; init; }

    /// <summary>The folder of the tokenizer; null for that of <see cref="From"/>, or else the one beside the configuration.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Whether to go on with a run that stopped.</summary>
    public bool Resume { get; init; }

    /// <summary>What was typed, for the model card.</summary>
    public string? Command { get; init; }

    /// <summary>The clock that hours and minutes are measured with.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told what is no error but worth knowing.</summary>
    public Action<string>? Notice { get; init; }
}

/// <summary>How far a run has come.</summary>
/// <param name="Step">Steps taken.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Loss">Loss of the last step.</param>
/// <param name="TokensPerSecond">Targets a second, of the steps since this process began.</param>
/// <param name="SecondsLeft">What the rest will take at this speed.</param>
/// <param name="EvaluationLoss">Loss of the last evaluation; null before the first.</param>
public readonly record struct TrainingProgress(
    int Step, int Steps, double Loss, double TokensPerSecond, double SecondsLeft, double? EvaluationLoss);

/// <summary>Why a run ended.</summary>
public enum TrainingEnd
{
    /// <summary>All steps were taken.</summary>
    Steps,

    /// <summary>Its time was up.</summary>
    Hours,

    /// <summary>Evaluations did not become better any more.</summary>
    NoBetter,
}

/// <summary>What came of a run.</summary>
/// <param name="Step">Steps taken.</param>
/// <param name="Steps">Steps that were planned.</param>
/// <param name="Tokens">Targets of these.</param>
/// <param name="Parameters">Weights of the model.</param>
/// <param name="Trained">How many of these were trained.</param>
/// <param name="Seconds">What it took, over all parts of the run.</param>
/// <param name="FirstLoss">Loss of the first step.</param>
/// <param name="Loss">Loss of the last step.</param>
/// <param name="EvaluationLoss">Loss of the last evaluation; null for none.</param>
/// <param name="BestStep">The step of the best evaluation; null for none.</param>
/// <param name="BestLoss">Its loss.</param>
/// <param name="KeptBest">Whether the weights are those of the best evaluation.</param>
/// <param name="End">Why it ended.</param>
/// <param name="Plan">All settings.</param>
/// <param name="Text">What was learnt.</param>
/// <param name="Evaluation">What was asked.</param>
public sealed record TrainingResult(
    int Step, int Steps, long Tokens, long Parameters, long Trained, double Seconds, double? FirstLoss, double? Loss,
    double? EvaluationLoss, int? BestStep, double? BestLoss, bool KeptBest, TrainingEnd End, TrainingPlan Plan,
    IReadOnlyList<TextFileFacts> Text, IReadOnlyList<TextFileFacts> Evaluation);
