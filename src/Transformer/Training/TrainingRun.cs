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
        return KeptRun.Execute(job.Output, checkpoint, () => Execute(job, device, checkpoint, progress, cancellation), cancellation);
    }

    private static TrainingResult Execute(
        TrainingJob job, Device device, TrainingCheckpoint checkpoint, Action<TrainingProgress>? progress, CancellationToken cancellation)
    {
        var start = StartModel.Of(job);
        TrainingPlan plan = Checked(job.Config.Plan with { Window = job.Config.Plan.Window ?? start.Config.NPositions }, start.Config, job);
        plan = Fitted(plan, start, job);
        (int window, int rows) = (plan.Window!.Value, plan.Rows(start.Config));
        long perStep = (long)window * rows * plan.Accumulate;
        int? planned = RunSchedule.Steps(plan, perStep);

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
        int steps = planned ?? kept?.Steps ?? MeasuredSteps();
        Trainer trainer = NewTrainer(steps);
        checkpoint.GoOn(trainer.Optimizer, kept, steps);
        foreach (string doubt in Doubts(plan.Settings with { Steps = steps }, perStep, text.Tokens, lora)) job.Notice?.Invoke(doubt);

        Func<CancellationToken, MeasuredLoss>? evaluate = evaluation is null
            ? null : token => new MeasuredLoss(trainer.Evaluate(evaluation.Once(), token));
        var loop = new TrainingLoop(trainer.Optimizer, Step(trainer), evaluate, plan, checkpoint, job.Time, progress);
        (RunState state, TrainingEnd end) = loop.Run(kept ?? new RunState { Identity = identity, Steps = steps }, cancellation);

        checkpoint.Log.Dispose(); // it is read from here on
        if (plan.KeepBest && state.Best is { File: { } best } && state.Best.Step != state.Step)
            checkpoint.RestoreBest(trainer.Optimizer, best);
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
            string names = string.Join(", ", read.Files.Select(file => file.Name));
            job.Notice?.Invoke($"{names}: {KeptRun.Counted(read.Documents, "document")}, {KeptRun.Counted(read.Tokens, "token")}.");
            return read;
        }

        Trainer NewTrainer(int steps)
        {
            TrainingSettings settings = plan.Settings with { Steps = steps };
            return lora?.NewTrainer(settings) ?? Trainer.OfModel(model, settings, isTrained);
        }

        Func<int, CancellationToken, StepReport> Step(Trainer of) => (step, token) => of.Step(windows.Step(step, plan.Accumulate), token);

        int MeasuredSteps()
        {
            Trainer trial = NewTrainer(steps: 1);
            return RunSchedule.Measured(
                plan, step => Step(trial)(step, cancellation),
                evaluation is null ? null : () => trial.Evaluate(evaluation.Once(), cancellation), job.Time);
        }

        void WriteWeights(string folder)
        {
            if (lora is not null) lora.Write(folder, trainer, plan.DType, cancellation);
            else TrainedFolder.WriteModel(folder, trainer.Model, plan.DType, job.From, start.TokenizerFolder, cancellation);
        }
    }

    /// <summary>What is done as it was asked for, but hardly meant.</summary>
    private static IEnumerable<string> Doubts(TrainingSettings settings, long perStep, int tokens, LoraTraining? lora)
    {
        if (settings.WarmupSteps >= settings.Steps)
        {
            double last = settings.RateAt(settings.Steps - 1);
            yield return $"The warm-up of {KeptRun.Counted(settings.WarmupSteps, "step")} is no shorter than the run of {settings.Steps}: "
                + FormattableString.Invariant($"the step size grows to {last:G3} of {settings.LearningRate:G3} and never falls.");
        }

        if (perStep > tokens)
        {
            yield return $"A step reads {KeptRun.Counted(perStep, "token")}, the text has {KeptRun.Counted(tokens, "token")}: it is read "
                + FormattableString.Invariant($"{(double)perStep / tokens:N0} times a step, fewer with a smaller batchTokens.");
        }

        if (lora?.Excess() is { } excess) yield return excess;
    }

    private static TrainingPlan Fitted(TrainingPlan plan, StartModel start, TrainingJob job)
    {
        if (plan.Memory is null) return plan;
        TrainingPlan fitted = TrainingMemory.Fit(plan, start.Config, start.StoredBytes);
        job.Notice?.Invoke($"{TrainingMemory.Choice(fitted)}.");
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
