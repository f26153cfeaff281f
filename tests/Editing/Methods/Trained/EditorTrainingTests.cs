using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.Mend;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Editing.Methods.Trained;

/// <summary>Training of networks that make edits: that it learns, how it stops and goes on, and what it refuses.</summary>
public sealed class EditorTrainingTests : IDisposable
{
    private static readonly IReadOnlyList<EditRecord> Records = EditRecord.Load(TestFiles.Facts("counterfact"), limit: 32);

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 2 });

    public void Dispose()
    {
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void It_learns_to_make_edits_of_records_that_it_has_not_seen()
    {
        EditorTrainingJob job = Job("net", steps: 8, rank: 64, layers: 3);
        EditorTrainingResult result = session.TrainEditor(job with { Plan = job.Plan with { Accumulate = 5 } });
        TrainingLogLine[] evaluations = [.. TrainingLog.Read(result.Log).Where(line => line.EvaluationLoss is not null)];
        Assert.Equal(evaluations.Min(line => line.EvaluationLoss), result.Evaluation!.EvaluationLoss);
        Assert.InRange(result.Evaluation.Terms!["said"], 0.5, 1);
        Assert.InRange(result.Evaluation.Terms["kept"], 0.5, 1);
        Assert.Equal((8, 40L, 28, 4), (result.Steps, result.Edits, result.Records, result.HeldOut));

        session.UseMemory();
        EditSettings settings = session.SettingsFor(MendSettings.Name);
        TeachingReport report = session.Teach(
            session.Tokenize([Records[^1].ToRequest("")]), settings, new TeachingOptions { NetFile = job.Output });
        var made = (MendSettings)Assert.Single(report.Added).Settings;
        Assert.Equal((SecureHash.Sha256OfFile(job.Output), 64), (made.Net, made.Rank)); // the network's settings, not the preset's
    }

    [Fact]
    public void What_was_stopped_goes_on_bit_for_bit()
    {
        session.TrainEditor(Job("whole", steps: 4));
        foreach (int stop in (int[])[1, 2, 3])
        {
            EditorTrainingJob job = Job($"parts{stop}", steps: 4);
            using var cancellation = new CancellationTokenSource();
            InputException stopped = Assert.Throws<InputException>(() => session.TrainEditor(
                job, told => { if (told.Step == stop) cancellation.Cancel(); }, cancellation.Token));
            Assert.Equal(ErrorKind.Interrupted, stopped.Kind);
            Assert.Contains($"is kept in {job.Output}.checkpoint", stopped.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(job.Output));
            session.TrainEditor(job with { Resume = true });
            Assert.Equal(File.ReadAllBytes(folder.File("whole")), File.ReadAllBytes(job.Output));
            Assert.False(Directory.Exists($"{job.Output}.checkpoint"));
        }
    }

    [Fact]
    public void Only_the_same_run_goes_on()
    {
        EditorTrainingJob job = Job("net", steps: 4);
        using var cancellation = new CancellationTokenSource();
        Assert.Throws<InputException>(() => session.TrainEditor(job, _ => cancellation.Cancel(), cancellation.Token));
        Refused("an unfinished run is there", job);
        EditorTrainingJob again = job with { Resume = true };
        Refused("had steps 4, this one has 5", again with { Plan = job.Plan with { Steps = 5 } });
        Refused("had editWeight 0.1, this one has 0.2", again with { Counts = new MetaWeights(0.2) });
        Refused("had editor", again with { Settings = (TrainedSettings)job.Settings with { Layers = 2 } });
        Refused("had other text or records", again with { Records = [.. Records.Skip(1)] });
        Refused("had another evaluation text", again with { Records = [.. Records.SkipLast(1), Records[0]] });
    }

    [Fact]
    public void What_cannot_be_done_is_told_before_it_begins()
    {
        EditorTrainingJob job = Job("net", steps: 1);
        File.WriteAllText(folder.File("there"), "");
        Refused("is already there, expected the name of a new file", job with { Output = folder.File("there") });
        Refused("Nothing says how long to train", job with { Plan = job.Plan with { Steps = null } });
        Refused("There is 1 record to learn from, expected two or more", job with { Records = [Records[0]] });
        Refused("32 of 32 records are to be held out", job with { HeldOut = 32 });
        Refused("keepBest needs evaluations, but no record is held out", job with { HeldOut = 0 });
        Assert.False(Directory.Exists(folder.File("net.checkpoint")));
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_the_run_and_leaves_weights_and_state_as_they_were()
    {
        EditorTrainingJob job = Job("net", steps: 50);
        TrainingPlan wild = job.Plan with { Settings = job.Plan.Settings with { LearningRate = 1e30 }, EvaluateEvery = 0 };
        InputException error = Assert.Throws<InputException>(() => session.TrainEditor(job with { Plan = wild }));
        Assert.Contains("But what was learnt in", error.Message, StringComparison.Ordinal);
        Assert.Contains("The same settings lead there again", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Records_that_the_model_cannot_read_are_left_out_and_texts_stand_in_for_unrelated_questions()
    {
        var notices = new List<string>();
        EditRecord plain = new() { Prompt = "Mark Twain died in", Target = "Vienna" };
        EditRecord endless = plain with { Prompt = string.Join(' ', Enumerable.Repeat("word", 200)) };
        EditorTrainingJob job = Job("net", steps: 1) with
        {
            Records = [plain, endless, plain with { Prompt = "Lucian Freud died in" }, plain with { Prompt = "Zelda was made by" }],
            HeldOut = 1,
            Texts = [session.Tokenizer.Encode("Anatole France was born in Paris.")],
            Notice = notices.Add,
        };
        EditorTrainingResult result = session.TrainEditor(job);
        Assert.Equal((2, 1), (result.Records, result.HeldOut));
        Assert.Contains(notices, notice => notice.StartsWith("1 record left out, as the model cannot read them", StringComparison.Ordinal));
        Assert.True(result.Evaluation!.Terms!["locality"] > 0);
    }

    private void Refused(string said, EditorTrainingJob job)
    {
        InputException error = Assert.Throws<InputException>(() => session.TrainEditor(job));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    private EditorTrainingJob Job(string name, int steps, int rank = 4, int layers = 1)
    {
        MendSettings settings = MendSettings.For(session.Model.Config) with { Rank = rank, Layers = layers };
        return new EditorTrainingJob
        {
            Settings = settings,
            Plan = session.TrainingPlanFor(settings) with { Steps = steps, Accumulate = 2, EvaluateEvery = 2 },
            Records = Records,
            HeldOut = 4,
            Triggers = new Triggers("", " Answer:"),
            Output = folder.File(name),
        };
    }
}
