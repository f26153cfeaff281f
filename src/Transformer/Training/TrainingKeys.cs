using Sharpformer.Tensors;
using static Sharpformer.Transformer.Training.TrainingKey;

namespace Sharpformer.Transformer.Training;

/// <summary>Every setting of a <see cref="TrainingPlan"/> that a file or a command line may give.</summary>
public static class TrainingKeys
{
    private const int Many = 1_000_000_000;

    private const string Share = "a number from 0, below 1", Positive = "a number above 0";

    /// <summary>All of them, in the order of help and of what is written down.</summary>
    public static IReadOnlyList<TrainingKey> All { get; } =
    [
        Whole("steps", "Steps to take.", 1, Many, p => p.Steps, (p, n) => p with { Steps = (int)n }),
        Whole("tokens", "Tokens to read, padding included.", 1, long.MaxValue, p => p.Tokens, (p, n) => p with { Tokens = (long)n }),
        Number(
            "hours", "Hours that it may take, over all parts of the run.", IsPositive, Positive, p => p.Hours,
            (p, n) => p with { Hours = n }),
        Number(
            "learningRate", "The highest step size.", IsPositive, Positive, p => p.Settings.LearningRate,
            (p, n) => Set(p, s => s with { LearningRate = n })),
        Whole(
            "warmupSteps", "Steps over which the step size grows to the highest.", 0, Many, p => p.Settings.WarmupSteps,
            (p, n) => Set(p, s => s with { WarmupSteps = (int)n })),
        Number(
            "finalRate", "Share of the highest step size that is left at the end of the cosine.", n => n is >= 0 and <= 1,
            "a number from 0 to 1", p => p.Settings.FinalRate, (p, n) => Set(p, s => s with { FinalRate = n })),
        Whole(
            "batchTokens", "Tokens that go through the model together.", 1, Many, p => p.BatchTokens,
            (p, n) => p with { BatchTokens = (int)n }),
        Whole(
            "accumulate", "Batches of a step, whose gradients add up.", 1, 1 << 20, p => p.Accumulate,
            (p, n) => p with { Accumulate = (int)n }),
        Whole(
            "window", "Tokens that the model reads at once; its positions where it is not given.", 1, 1 << 24, p => p.Window,
            (p, n) => p with { Window = (int)n }),
        Flag(
            "crossing", "Whether windows run over the borders of documents; if not, documents are packed whole and do not see one another.",
            p => p.Crossing, (p, yes) => p with { Crossing = yes }),
        Choice(
            "documents", "What is a document: a file, a paragraph between blank lines, a line, or in jsonl the text of each line's JSON.",
            Enum.GetValues<DocumentSplit>(), p => p.Documents, (p, split) => p with { Documents = split }),
        Number(
            "bosShare", "Share of documents that begin with the tokenizer's begin token.", n => n is >= 0 and <= 1,
            "a number from 0 to 1", p => p.BosShare, (p, n) => p with { BosShare = n }),
        Number(
            "weightDecay", "Share of a matrix, times the step size, taken off at each step.", n => n >= 0, "a number from 0",
            p => p.Settings.WeightDecay, (p, n) => Set(p, s => s with { WeightDecay = n })),
        Number(
            "clipNorm", "Length that the gradients of all weights together are cut to; 0 for no cutting.", n => n >= 0,
            "a number from 0", p => p.Settings.ClipNorm, (p, n) => Set(p, s => s with { ClipNorm = n })),
        Number(
            "dropout", "Share of elements that are dropped.", IsShare, Share, p => p.Settings.Dropout,
            (p, n) => Set(p, s => s with { Dropout = n })),
        Number(
            "labelSmoothing", "Share of the probability that goes to the whole vocabulary.", IsShare, Share, p => p.Settings.LabelSmoothing,
            (p, n) => Set(p, s => s with { LabelSmoothing = n })),
        Number(
            "beta1", "Decay rate of AdamW's first moment.", IsShare, Share, p => p.Settings.Beta1,
            (p, n) => Set(p, s => s with { Beta1 = n })),
        Number(
            "beta2", "Decay rate of AdamW's second moment.", IsShare, Share, p => p.Settings.Beta2,
            (p, n) => Set(p, s => s with { Beta2 = n })),
        Number(
            "epsilon", "Added to the root of the second moment.", IsPositive, Positive, p => p.Settings.Epsilon,
            (p, n) => Set(p, s => s with { Epsilon = n })),
        List(
            "freeze", "Weights that stay as they are, by name; * stands for anything, as in h.0.*.", "NAME", p => p.Freeze,
            (p, names) => p with { Freeze = names }),
        Text(
            "lora", $"Train a LoRA adapter instead of weights and write it as PEFT does: {LoraPlan.Form}.", "SETTINGS",
            p => p.Lora?.ToString(), (p, words, where) => p with { Lora = LoraPlan.Parse(words, where) }),
        Flag(
            "recomputeBlocks", "Whether blocks are computed twice to save memory.", p => p.Settings.RecomputesBlocks,
            (p, yes) => Set(p, s => s with { RecomputesBlocks = yes })),
        Text(
            "memory",
            "Memory that weights and batches may take, as 4GB or 500MB (powers of a thousand): where they take more, blocks are "
                + "recomputed, then batches made smaller and more of them added up to the same step.",
            "SIZE", p => p.Memory is { } bytes ? MemoryText.Of(bytes) : null,
            (p, text, where) => p with { Memory = MemoryText.Parse(text, where) }),
        Whole(
            "evaluateEvery", "Steps from one evaluation to the next; 0 for one at the end.", 0, Many, p => p.EvaluateEvery,
            (p, n) => p with { EvaluateEvery = (int)n }),
        Whole(
            "patience", "Evaluations without a better loss that end the run; 0 for any number.", 0, Many, p => p.Patience,
            (p, n) => p with { Patience = (int)n }),
        Flag(
            "keepBest", "Whether the weights of the best evaluation are written, not the last.", p => p.KeepBest,
            (p, yes) => p with { KeepBest = yes }),
        Whole(
            "checkpointEvery", "Steps from one checkpoint to the next; 0 for none by steps.", 0, Many, p => p.CheckpointEvery,
            (p, n) => p with { CheckpointEvery = (int)n }),
        Number(
            "checkpointMinutes", "Minutes from one checkpoint to the next; 0 for none by time.", n => n >= 0, "a number from 0",
            p => p.CheckpointMinutes, (p, n) => p with { CheckpointMinutes = n }),
        Whole(
            "logEvery", "Steps from one line of the log to the next.", 1, Many, p => p.LogEvery, (p, n) => p with { LogEvery = (int)n }),
        Choice(
            "dtype", "How the weights are stored in the end: f32, f16 or bf16.", [DType.F32, DType.F16, DType.BF16], p => p.DType,
            (p, dtype) => p with { DType = dtype }),
        Whole(
            "seed", "Seeds all that is random: weights, the order of documents, dropout.", 0, ulong.MaxValue, p => p.Seed,
            (p, n) => Set(p, s => s with { Seed = (ulong)n })),
    ];

    private static bool IsPositive(double number) => number > 0;

    private static bool IsShare(double number) => number is >= 0 and < 1;

    private static TrainingPlan Set(TrainingPlan plan, Func<TrainingSettings, TrainingSettings> change) =>
        plan with { Settings = change(plan.Settings) };
}
