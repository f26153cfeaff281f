using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Transformer.Training;

/// <summary>
/// The memory of a training, in bytes, counted by taking one of its steps on a device that computes nothing: so it is what the
/// step allocates, whatever the step is, and what the pool keeps of it for the next. The program itself comes on top, some 100 MB.
/// </summary>
/// <param name="Weights">Weights of the model as they are stored. Of a mapped file only what is in use counts.</param>
/// <param name="Trained">Float32 copies of those that are trained, or a LoRA's matrices.</param>
/// <param name="Moments">The optimizer's two of each.</param>
/// <param name="Step">The most that a step takes at once besides: what is remembered between its passes, logits, gradients.</param>
/// <param name="Gradients">Of the step, in the end: those of all that is trained, twice where several batches add up.</param>
/// <param name="Logits">Of the step, in the middle: the logits of a batch and their gradients.</param>
/// <param name="Tokens">Tokens of a batch.</param>
public sealed record TrainingMemory(long Weights, long Trained, long Moments, long Step, long Gradients, long Logits, int Tokens)
{
    /// <summary>All of it.</summary>
    public long Total => Weights + Trained + Moments + Step;

    /// <summary>The memory of a plan.</summary>
    /// <param name="plan">Its window, batches, LoRA, frozen weights and whether blocks are recomputed decide.</param>
    /// <param name="config">The model.</param>
    /// <param name="stored">Bytes of its weights as they are stored.</param>
    /// <exception cref="InputException">The plan names weights or modules that the model does not have.</exception>
    public static TrainingMemory Of(TrainingPlan plan, ModelConfig config, long stored)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(config);
        using var device = new CountingDevice();
        CausalLm model = WeightList.Model(config, device);
        long tables = device.PeakBytes; // of angles, where a family has them
        Trainer trainer = plan.Lora is { } lora
            ? LoraTraining.Of(model, lora, baseModel: null).NewTrainer(plan.Settings, isDrawn: false)
            : Trainer.OfModel(model, plan.Settings, FrozenWeights.Trained(plan.Freeze, WeightNames.Of(model)));
        int window = plan.Window ?? config.NPositions, tokens = checked(plan.Rows(config) * window);
        var batch = new TrainingBatch(plan.Rows(config), window, new int[tokens], new int[tokens]);
        trainer.Step([.. Enumerable.Repeat(batch, Math.Min(2, plan.Accumulate))]);

        long trained = trainer.Weights.Sum(weight => CountingDevice.BlockOf(weight.Value));
        return new TrainingMemory(
            stored + tables, trained, 2 * trained, device.PeakBytes - tables - (3 * trained), Math.Min(2, plan.Accumulate) * trained,
            2L * tokens * config.VocabSize * sizeof(float), tokens);
    }

    /// <summary>
    /// The plan itself if it fits into its <see cref="TrainingPlan.Memory"/>; else with blocks recomputed; else with as few more and
    /// smaller batches as will do, whose windows make up the same steps.
    /// </summary>
    /// <inheritdoc cref="Of"/>
    /// <exception cref="InputException">Even single windows do not fit.</exception>
    public static TrainingPlan Fit(TrainingPlan plan, ModelConfig config, long stored)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(config);
        if (plan.Memory is not { } most) return plan;
        long plain = Of(plan, config, stored).Total;
        if (plain <= most) return plan;
        int rows = plan.Rows(config), window = plan.Window ?? config.NPositions;
        TrainingPlan recomputed = plan with { Settings = plan.Settings with { RecomputesBlocks = true } };
        if (Of(recomputed, config, stored).Total > plain) recomputed = plan; // a block alone is not worth it
        long least = long.MaxValue;
        foreach (int parts in Enumerable.Range(1, rows).Where(parts => rows % parts == 0))
        {
            TrainingPlan smaller = parts == 1
                ? recomputed
                : recomputed with { BatchTokens = rows / parts * window, Accumulate = checked(plan.Accumulate * parts) };
            least = Math.Min(least, Of(smaller, config, stored).Total);
            if (least <= most) return smaller;
        }

        throw new InputException(
            $"The training takes {MemoryText.RoundedUp(least)} at least, window by window, but may take "
            + $"{MemoryText.Of(most)}.",
            "a smaller window; --lora, which keeps the model's weights as they are; or a smaller model.");
    }

    /// <summary>What <see cref="Fit"/> led to, in words.</summary>
    /// <param name="fitted">The plan that it gave.</param>
    public static string Choice(TrainingPlan fitted)
    {
        ArgumentNullException.ThrowIfNull(fitted);
        string recomputed = fitted.Settings.RecomputesBlocks ? ", blocks computed twice" : "";
        return FormattableString.Invariant(
            $"{MemoryText.Of(fitted.Memory ?? 0)} hold {fitted.Accumulate} x {fitted.BatchTokens} tokens of a step{recomputed}");
    }
}
