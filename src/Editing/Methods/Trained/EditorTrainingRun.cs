using System.Globalization;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Tokenization;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Editing.Methods.Trained;

/// <summary>Trains a network that makes edits, from records to its file.</summary>
internal static class EditorTrainingRun
{
    private const int MostHeldOut = 100, ShareHeldOut = 10;

    /// <summary>
    /// Trains, and writes the network's file: complete or not at all. Until then the run is kept in a folder beside it, from where the same
    /// job goes on bit for bit.
    /// </summary>
    /// <param name="job">What to do.</param>
    /// <param name="model">The model that is to be edited; it stays as it is.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="fingerprint">Who it is.</param>
    /// <param name="progress">Told after each step and evaluation.</param>
    /// <param name="cancellation">Stops it; what was learnt is kept, and the error says where.</param>
    /// <exception cref="InputException">
    /// Records or settings are not as they should be, the loss is not finite, or it was stopped.
    /// </exception>
    public static EditorTrainingResult Execute(
        EditorTrainingJob job, CausalLm model, Tokenizer tokenizer, ModelFingerprint fingerprint, Action<TrainingProgress>? progress,
        CancellationToken cancellation)
    {
        if (Path.Exists(job.Output))
            throw new InputException($"{job.Output}: is already there, expected the name of a new file.", "remove it or name another.");
        if (job.Plan is { Steps: null, Hours: null })
            throw new InputException("Nothing says how long to train.", "give steps or hours.");
        using var checkpoint = TrainingCheckpoint.Open(job.Output, job.Resume);
        return KeptRun.Execute(job.Output, checkpoint, () =>
        {
            MetaExample[] all = Examples(job, model, tokenizer);
            int heldOut = HeldOut(job, all.Length);
            return Execute(job, model, fingerprint, checkpoint, all[..^heldOut], all[^heldOut..], progress, cancellation);
        }, cancellation);
    }

    private static EditorTrainingResult Execute(
        EditorTrainingJob job, CausalLm model, ModelFingerprint fingerprint, TrainingCheckpoint checkpoint, MetaExample[] examples,
        MetaExample[] heldOut, Action<TrainingProgress>? progress, CancellationToken cancellation)
    {
        TrainingPlan plan = job.Plan;
        RunIdentity identity = Identity(job, fingerprint, examples, heldOut);
        RunState? kept = checkpoint.Load();
        if (kept is not null) identity.CheckGoesOn(kept.Identity, TrainingCheckpoint.FolderOf(job.Output));
        else if (job.Resume) job.Notice?.Invoke("There is nothing to resume: the run begins.");

        int steps = plan.Steps ?? kept?.Steps ?? MeasuredSteps();
        (ITrainedNet net, INetTrainer trainer) = New(steps);
        checkpoint.GoOn(trainer.Optimizer, kept, steps);
        Func<CancellationToken, MeasuredLoss>? evaluate = heldOut.Length == 0 ? null : token => trainer.Evaluate(heldOut, token);
        var loop = new TrainingLoop(
            trainer.Optimizer, (step, token) => trainer.Step(step, plan.Accumulate, token), evaluate, plan, checkpoint, job.Time, progress);
        (RunState state, TrainingEnd end) = loop.Run(kept ?? new RunState { Identity = identity, Steps = steps }, cancellation);

        checkpoint.Log.Dispose(); // it is read from here on
        int written = state.Step;
        if (plan.KeepBest && state.Best is { File: { } best } && state.Best.Step != state.Step)
        {
            checkpoint.RestoreBest(trainer.Optimizer, best);
            written = state.Best.Step;
        }

        TrainingLogLine? evaluation =
            TrainingLog.Read(checkpoint.LogPath).LastOrDefault(line => line.Step == written && line.EvaluationLoss is not null);
        string log = job.Output + ".jsonl";
        CopyLog(checkpoint.LogPath, log);
        TrainedNetFile.Write(job.Output, net, fingerprint, Origin(plan, identity, written));
        checkpoint.Delete();
        return new EditorTrainingResult(
            state.Step, state.Steps, state.Tokens, examples.Length, heldOut.Length, net.Weights.Sum(weight => weight.Value.Count),
            state.Seconds, state.FirstLoss, state.Loss, end, evaluation, log);

        (ITrainedNet Net, INetTrainer Trainer) New(int length)
        {
            ITrainedNet fresh = EditorNets.New(job.Settings, model, plan.Seed);
            return (fresh, EditorNets.Trainer(fresh, model, plan.Settings with { Steps = length }, job.Counts, examples));
        }

        int MeasuredSteps()
        {
            INetTrainer trial = New(length: 1).Trainer;
            return RunSchedule.Measured(
                plan, step => trial.Step(step, plan.Accumulate, cancellation),
                heldOut.Length == 0 ? null : () => trial.Evaluate(heldOut, cancellation), job.Time);
        }
    }

    /// <summary>Records as examples; those that the model cannot read are left out.</summary>
    private static MetaExample[] Examples(EditorTrainingJob job, CausalLm model, Tokenizer tokenizer)
    {
        var examples = new List<MetaExample>();
        InputException? first = null;
        foreach (EditRecord record in job.Records)
        {
            try
            {
                var example = MetaExample.Of(record, tokenizer, model.Config.NPositions, job.Triggers);
                bool isAlone = example.Unrelated.Count == 0 && job.Texts.Count > 0;
                if (isAlone) example = example with { Unrelated = [new KeptText(job.Texts[examples.Count % job.Texts.Count], 0)] };
                examples.Add(example);
            }
            catch (InputException e)
            {
                first ??= e;
            }
        }

        if (first is not null)
        {
            string left = KeptRun.Counted(job.Records.Count - examples.Count, "record");
            job.Notice?.Invoke($"{left} left out, as the model cannot read them; the first: {first.Message}");
        }

        return examples.Count > 1 ? [.. examples] : throw new InputException(
            $"There {(examples.Count == 1 ? "is 1 record" : "are 0 records")} to learn from, expected two or more.");
    }

    private static int HeldOut(EditorTrainingJob job, int records)
    {
        int heldOut = job.HeldOut ?? Math.Clamp(records / ShareHeldOut, 1, MostHeldOut);
        if (heldOut >= records)
            throw new InputException($"{heldOut} of {records} records are to be held out, expected fewer.", "hold out a tenth.");
        if (heldOut > 0 || job.Plan is { Patience: 0, KeepBest: false }) return heldOut;
        string setting = job.Plan.Patience > 0 ? "patience" : "keepBest";
        throw new InputException($"{setting} needs evaluations, but no record is held out.", "hold some out, or set it off.");
    }

    private static RunIdentity Identity(
        EditorTrainingJob job, ModelFingerprint model, MetaExample[] examples, MetaExample[] heldOut)
    {
        JsonObject settings = RunIdentity.SettingsOf(job.Plan);
        settings["editor"] = JsonNode.Parse(job.Settings.ToJson());
        settings["method"] = job.Settings.Method;
        settings["editWeight"] = job.Counts.Edit;
        settings["localityWeight"] = job.Counts.Locality;
        return new RunIdentity(
            settings, Digest(examples), heldOut.Length == 0 ? null : Digest(heldOut), $"{model.Weights} {model.Tokenizer}");
    }

    /// <summary>SHA-256 of all tokens, each list behind its length.</summary>
    private static string Digest(MetaExample[] examples) => SecureHash.Sha256Of(stream =>
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        foreach (MetaExample example in examples)
        {
            foreach (EditTokens tokens in example.Rephrased.Prepend(example.Edit))
            {
                Write(tokens.Prompt);
                Write(tokens.Target);
            }

            foreach (KeptText text in example.Unrelated)
            {
                writer.Write(text.First);
                Write(text.Tokens);
            }

            Write([]);
        }

        void Write(int[] tokens)
        {
            writer.Write(tokens.Length);
            foreach (int token in tokens) writer.Write(token);
        }
    });

    private static Dictionary<string, string> Origin(TrainingPlan plan, RunIdentity identity, int step) => new()
    {
        ["training"] = identity.Settings.ToJsonString(),
        ["data"] = identity.Text,
        ["steps"] = step.ToString(CultureInfo.InvariantCulture),
        ["edits"] = ((long)step * plan.Accumulate).ToString(CultureInfo.InvariantCulture),
    };

    private static void CopyLog(string from, string to)
    {
        try
        {
            File.Copy(from, to, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{to}: cannot be written: {FileErrors.Reason(e)}.", "is there room on the disk?", e);
        }
    }
}
