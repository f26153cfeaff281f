using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Transformer.Training;

/// <summary>Trains a model from text to a model folder.</summary>
public static class TrainingRun
{
    /// <summary>
    /// Trains, and writes the model's folder: complete or not at all. Until then the run is kept in a folder beside it, from where the
    /// same job goes on bit for bit (<see cref="TrainingJob.Resume"/>).
    /// </summary>
    /// <param name="job">What to do.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="progress">Told after each step and evaluation.</param>
    /// <param name="cancellation">Stops it; what was learnt is kept, and the error says where.</param>
    /// <exception cref="InputException">A file or a setting is not as it should be, the loss is not finite, or it was stopped.</exception>
    public static TrainingResult Execute(
        TrainingJob job, Device device, Action<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(device);
        NewFolder.CheckIsNew(job.Output);
        using var checkpoint = TrainingCheckpoint.Open(job.Output, job.Resume);
        int step = 0;
        try
        {
            return Execute(job, device, checkpoint, told =>
            {
                step = told.Step;
                progress?.Invoke(told);
            }, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            if (!checkpoint.Holds) throw new InputException("Interrupted: nothing was learnt.") { Kind = ErrorKind.Interrupted };
            string steps = step > 0 ? $" in {step} steps" : "";
            throw new InputException(
                $"Interrupted: what was learnt{steps} is kept in {TrainingCheckpoint.FolderOf(job.Output)}.",
                "the same command with --resume goes on.")
            {
                Kind = ErrorKind.Interrupted,
            };
        }
    }

    private static TrainingResult Execute(
        TrainingJob job, Device device, TrainingCheckpoint checkpoint, Action<TrainingProgress> progress, CancellationToken cancellation)
    {
        var start = StartModel.Of(job);
        TrainingPlan plan = Checked(job.Config.Plan with { Window = job.Config.Plan.Window ?? start.Config.NPositions }, start.Config, job);
        plan = Fitted(plan, start, job);
        (int window, int rows) = (plan.Window!.Value, plan.Rows(start.Config));
        int? planned = RunSchedule.Steps(plan, (long)window * rows * plan.Accumulate);

        TrainingText text = Read(job.Text);
        TrainingText? asked = job.Evaluation.Count == 0 ? null : Read(job.Evaluation);
        var windows = new TokenWindows(text, window, plan.Crossing, rows, plan.Seed);
        TokenWindows? evaluation = asked is null ? null : new TokenWindows(asked, window, plan.Crossing, rows, seed: null);

        var identity = RunIdentity.Of(plan, text, asked, start.Identity());
        RunState? kept = checkpoint.Load();
        if (kept is not null) identity.CheckGoesOn(kept.Identity, TrainingCheckpoint.FolderOf(job.Output));
        else if (job.Resume) job.Notice?.Invoke("There is nothing to resume: the run begins.");

        CausalLm model = start.Build(device, plan.Seed, job.Notice);
        LoraTraining? lora = plan.Lora is null ? null : LoraTraining.Of(model, plan.Lora, job.From);
        if (lora is null) start.CheckLayout(model);
        Func<string, bool> isTrained = FrozenWeights.Trained(plan.Freeze, WeightNames.Of(model));
        int steps = kept?.Steps ?? planned
            ?? RunSchedule.Measured(plan, NewTrainer(steps: 1), windows, evaluation, job.Time, cancellation);
        Trainer trainer = NewTrainer(steps);
        if (kept is not null) checkpoint.Restore(trainer, kept);

        var loop = new TrainingLoop(trainer, windows, evaluation, plan, checkpoint, job.Time, progress);
        (RunState state, TrainingEnd end) = loop.Run(kept ?? new RunState { Identity = identity, Steps = steps }, cancellation);

        checkpoint.Log.Dispose(); // it is read from here on
        if (plan.KeepBest && state.Best is { File: { } best } && state.Best.Step != state.Step)
            TrainerState.RestoreWeights(trainer, checkpoint.PathOf(best));
        var result = new TrainingResult(
            state.Step, state.Steps, state.Tokens, model.Weights.Sum(weight => weight.Value.Count),
            trainer.Weights.Sum(weight => weight.Value.Count), state.Seconds, state.FirstLoss, state.Loss, state.EvaluationLoss,
            state.Best?.Step, state.Best?.Loss, plan.KeepBest && state.Best is not null, end, plan, text.Files, asked?.Files ?? []);
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(job.Output)));
        string card = ModelCard.Of(name, model.Config, job, result);
        TrainedFolder.Write(job.Output, WriteWeights, checkpoint.LogPath, card, cancellation);
        checkpoint.Delete();
        return result;

        TrainingText Read(IReadOnlyList<TextSource> sources)
        {
            var read = TrainingText.Read(
                sources, plan.Documents, start.Tokenizer, plan.BosShare, plan.Seed, progress: null, cancellation);
            job.Notice?.Invoke(FormattableString.Invariant(
                $"{string.Join(", ", read.Files.Select(file => file.Name))}: {read.Documents:N0} documents, {read.Tokens:N0} tokens."));
            return read;
        }

        Trainer NewTrainer(int steps)
        {
            TrainingSettings settings = plan.Settings with { Steps = steps };
            return lora?.NewTrainer(settings) ?? Trainer.OfModel(model, settings, isTrained);
        }

        void WriteWeights(string folder)
        {
            if (lora is not null) lora.Write(folder, trainer, plan.DType, cancellation);
            else TrainedFolder.WriteModel(folder, trainer.Model, plan.DType, job.From, start.TokenizerFolder, cancellation);
        }
    }

    private static TrainingPlan Fitted(TrainingPlan plan, StartModel start, TrainingJob job)
    {
        if (plan.Memory is null) return plan;
        TrainingPlan fitted = TrainingMemory.Fit(plan, start.Config, start.StoredBytes);
        string recomputed = fitted.Settings.RecomputesBlocks ? ", blocks computed twice" : "";
        job.Notice?.Invoke(FormattableString.Invariant(
            $"{MemoryText.Of(plan.Memory.Value)} hold {fitted.Accumulate} x {fitted.BatchTokens} tokens of a step{recomputed}."));
        return fitted;
    }

    private static TrainingPlan Checked(TrainingPlan plan, ModelConfig config, TrainingJob job)
    {
        if (plan.Window > config.NPositions)
            throw new InputException($"The window is {plan.Window}, the model's positions are {config.NPositions}.", "take a smaller one.");
        if (plan.Lora is not null && (job.From is null || plan.Freeze.Count > 0))
        {
            throw job.From is null
                ? new InputException("lora needs a model that the adapter is for.", "--from names one.")
                : new InputException(
                    "lora and freeze are both given, expected one of the two.", "a LoRA trains none of the model's weights.");
        }

        if (job.Evaluation.Count == 0 && (plan.Patience > 0 || plan.KeepBest))
        {
            string setting = plan.Patience > 0 ? "patience" : "keepBest";
            throw new InputException($"{setting} needs evaluations, but there is no text to evaluate.", "--evaluate names one.");
        }

        return plan;
    }
}
