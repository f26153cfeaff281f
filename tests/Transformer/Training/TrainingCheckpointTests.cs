using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Transformer.Training;

/// <summary>Runs that stop: how they go on, and what keeps them from it.</summary>
public sealed class TrainingCheckpointTests : TrainingRunFixture
{
    [Theory]
    [InlineData("")]
    [InlineData(", \"crossing\": false, \"accumulate\": 2, \"dropout\": 0.1, \"keepBest\": true")]
    public void What_was_stopped_goes_on_bit_for_bit(string settings)
    {
        settings = $"\"steps\": 12, \"evaluateEvery\": 3{settings}";
        Run(Job("whole", settings) with { Evaluation = [Source("The capital of land 99 is Paris.")] });
        foreach (int stop in (int[])[1, 5, 6, 12])
        {
            TrainingJob job = Job("parts", settings) with { Evaluation = [Source("The capital of land 99 is Paris.")] };
            InputException stopped = Stop(job, after: stop);
            Assert.Equal(ErrorKind.Interrupted, stopped.Kind);
            Assert.Contains(Folder.File("parts.checkpoint"), stopped.Message, StringComparison.Ordinal);
            Assert.False(Path.Exists(Folder.File("parts")));
            Run(job with { Resume = true });
            AssertSame("whole", "parts");
            Directory.Delete(Folder.File("parts"), recursive: true);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(", \"keepBest\": true")]
    public void An_adapter_goes_on_bit_for_bit_and_is_for_its_model(string settings)
    {
        Run(Job("base", "\"steps\": 3"));
        settings = $"\"steps\": 8, \"evaluateEvery\": 3, \"lora\": \"rank=2,modules=all-linear,dropout=0.1\"{settings}";
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, Folder.File("base"));
        TrainingResult result = Run(Adapter("whole") with { From = relative });
        Assert.Equal(2 * (32 + 16 + 40 + 40), result.Trained); // both sides of 8→24, 8→8, 8→32 and 32→8
        Stop(Adapter("parts"), after: 4);
        Run(Adapter("parts") with { Resume = true });
        Assert.Equal(Bytes("whole"), Bytes("parts"));
        Assert.Contains("library_name: peft", File.ReadAllText(Folder.File("whole/README.md")), StringComparison.Ordinal);
        var plain = CausalLm.Load(Folder.File("base"), Device);
        var adapted = CausalLm.Load(Folder.File("base"), Device, adapter: Folder.File("whole"));
        Assert.NotEqual(plain.Blocks[0].Mlp.Up.Matrices[0].Value.ToArray(), adapted.Blocks[0].Mlp.Up.Matrices[0].Value.ToArray());

        TrainingJob Adapter(string name) => Job(name, settings, shape: false) with
        {
            From = Folder.File("base"),
            Evaluation = [Source("The capital of land 99 is Paris.")],
        };

        byte[] Bytes(string name) => File.ReadAllBytes(Folder.File($"{name}/adapter_model.safetensors"));
    }

    [Fact]
    public void A_process_killed_while_it_saves_leaves_the_checkpoint_before()
    {
        Run(Job("whole", "\"steps\": 8"));
        TrainingJob job = Job("parts", "\"steps\": 8");
        Stop(job, after: 4);
        // Half of a newer checkpoint, and lines of steps that are not in the one before.
        File.WriteAllText(Folder.File("parts.checkpoint/trainer-6.safetensors"), "half");
        File.WriteAllText(Folder.File("parts.checkpoint/run.json.tmp"), "{");
        File.AppendAllText(Folder.File("parts.checkpoint/training.jsonl"), "{\"step\":5,\"tokens\":1,\"lo");
        Run(job with { Resume = true });
        AssertSame("whole", "parts");
        Assert.False(Directory.Exists(Folder.File("parts.checkpoint")));
    }

    [Fact]
    public void Another_run_does_not_go_on()
    {
        TrainingJob job = Job("m", "\"steps\": 8");
        Stop(job, after: 3);
        Refused("an unfinished run is there", job);
        Refused("had steps 8, this one has 9", Job("m", "\"steps\": 9") with { Resume = true });
        Refused("had dropout 0, this one has 0.5", Job("m", "\"steps\": 8, \"dropout\": 0.5") with { Resume = true });
        Refused("had other text or records, or another tokenizer", job with { Resume = true, Text = [Source("Other.")] });
        TrainingJob asking = Job("n", "\"steps\": 8, \"evaluateEvery\": 2") with { Evaluation = [Source("Paris is it.")] };
        Refused("had no evaluation text, this one has one", job with { Resume = true, Evaluation = asking.Evaluation });
        Stop(asking, after: 3);
        Refused("had an evaluation text, this one has none", asking with { Resume = true, Evaluation = [] });
        Refused("had another evaluation text", asking with { Resume = true, Evaluation = [Source("Berlin is it.")] });

        void Refused(string said, TrainingJob other) => Fails.With<InputException>(said, () => Run(other));
    }

    [Theory]
    [InlineData("run.json", "{}", "run.json: is damaged.")]
    [InlineData("run.json", "null", "run.json: is damaged.")]
    [InlineData("run.json", "\"step\": 9,", "run.json: step is 9 of 8, which cannot be.", "\"step\": 3,")]
    [InlineData("run.json", "\"step\": 2,", "trainerFile is \"trainer-3.safetensors\" after step 2", "\"step\": 3,")]
    [InlineData("run.json", "\"steps\": 9,", "run.json: steps are 9, expected the 8 of its settings.", "\"steps\": 8,")]
    [InlineData("run.json", "\"seconds\": -1,", "run.json: a number is below 0, which cannot be.", "\"seconds\": *")]
    [InlineData("run.json", null, "run.json is missing, which says how far the run of ")]
    [InlineData("training.jsonl", "{\"step\":1,\"tokens\":99", "training.jsonl: its first ", "{\"step\":1,\"tokens\":32")]
    [InlineData("training.jsonl", "{\"stop", "training.jsonl: has 6 bytes, expected at least ")]
    [InlineData("training.jsonl", null, "training.jsonl: cannot be written: there is no such file or folder.")]
    [InlineData("trainer-3.safetensors", "short", "trainer-3.safetensors: is not what was kept, by its SHA-256.")]
    [InlineData("trainer-3.safetensors", null, "trainer-3.safetensors: is missing.")]
    [InlineData("best-2.safetensors", "short", "best-2.safetensors: is not what was kept, by its SHA-256.")]
    public void A_damaged_checkpoint_is_refused_and_stays_as_it_is(string name, string? text, string said, string? instead = null)
    {
        const string AskedTwice = "\"steps\": 8, \"evaluateEvery\": 2, \"keepBest\": true";
        TrainingJob job = Job("m", AskedTwice) with { Evaluation = [Source("Paris is it.")] };
        Stop(job, after: 3);
        string path = Folder.File($"m.checkpoint/{name}");
        if (text is null) File.Delete(path);
        else File.WriteAllText(path, instead is null ? text : Replaced(File.ReadAllText(path), instead, text));
        string[] before = Kept();
        InputException error = Assert.Throws<InputException>(() => Run(job with { Resume = true }));
        Assert.Contains(said, error.Sentence, StringComparison.Ordinal);
        Assert.EndsWith("remove the folder to begin anew.", error.Hint, StringComparison.Ordinal);
        Assert.Equal(before, Kept());

        static string Replaced(string all, string old, string with)
        {
            int start = all.LastIndexOf(old.TrimEnd('*'), StringComparison.Ordinal);
            int end = old.EndsWith('*') ? all.IndexOf(',', start) + 1 : start + old.Length;
            return all[..start] + with + all[end..];
        }

        string[] Kept() =>
        [
            .. Directory.GetFiles(Folder.File("m.checkpoint")).Order()
                .Select(file => file + Convert.ToHexString(File.ReadAllBytes(file))),
        ];
    }

    [Fact]
    public void A_checkpoint_without_sums_goes_on_and_its_damage_is_found_as_far_as_can_be()
    {
        Run(Job("whole", "\"steps\": 8"));
        TrainingJob job = Job("parts", "\"steps\": 8") with { Resume = true };
        Stop(job, after: 3);
        string run = Folder.File("parts.checkpoint/run.json");
        JsonNode kept = JsonNode.Parse(File.ReadAllText(run))!;
        foreach (string sum in (string[])["logSha256", "trainerSha256"]) Assert.True(kept.AsObject().Remove(sum));
        kept["identity"]!["settings"]!["dtype"] = "f32"; // which was once among what must be the same
        File.WriteAllText(run, kept.ToJsonString());

        string log = Folder.File("parts.checkpoint/training.jsonl"), lines = File.ReadAllText(log);
        File.WriteAllText(log, lines.Replace("\"step\":2", "\"step\"_2", StringComparison.Ordinal));
        Fails.With<InputException>("training.jsonl: line 2 is no line of a training log.", () => Run(job));
        File.WriteAllText(log, lines);
        string trainer = Folder.File("parts.checkpoint/trainer-3.safetensors");
        byte[] weights = File.ReadAllBytes(trainer);
        File.WriteAllBytes(trainer, weights[..^4]);
        InputException cut = Assert.Throws<InputException>(() => Run(job));
        Assert.Equal("remove the folder to begin anew.", cut.Hint);
        File.WriteAllBytes(trainer, weights);
        Run(job);
        AssertSame("whole", "parts");
    }

    [Fact]
    public void A_process_killed_during_its_first_checkpoint_leaves_nothing_to_resume()
    {
        Run(Job("whole", "\"steps\": 4"));
        Directory.CreateDirectory(Folder.File("parts.checkpoint"));
        File.WriteAllText(Folder.File("parts.checkpoint/run.json.tmp"), "");
        File.WriteAllText(Folder.File("parts.checkpoint/trainer-2.safetensors"), "whole or not");
        File.WriteAllText(Folder.File("parts.checkpoint/training.jsonl"), "{\"step\":1}\n");
        var notices = new List<string>();
        Run(Job("parts", "\"steps\": 4") with { Resume = true, Notice = notices.Add });
        Assert.Contains("There is nothing to resume: the run begins.", notices);
        AssertSame("whole", "parts");
    }

    [Theory]
    [InlineData("\"steps\": 9", "Step 2: the loss is NaN, its gradient's norm NaN. But what was learnt in 1 step is kept in ")]
    [InlineData("\"steps\": 9, \"evaluateEvery\": 1", "After step 1 the loss of the evaluation is NaN. But what was learnt in 1 step ")]
    public void A_run_whose_loss_is_lost_keeps_its_log_and_says_that_it_leads_there_again(string settings, string said)
    {
        TrainingJob job = Job("m", $"{settings}, \"learningRate\": 1e30, \"warmupSteps\": 0") with
        {
            Evaluation = [Source("Paris is it.")],
        };
        foreach (bool resume in (bool[])[false, true])
        {
            InputException error = Assert.Throws<InputException>(() => Run(job with { Resume = resume }));
            Assert.StartsWith(said, error.Sentence, StringComparison.Ordinal);
            Assert.Contains("The same settings lead there again", error.Hint, StringComparison.Ordinal);
            Assert.Equal(1, Assert.Single(TrainingLog.Read(Folder.File("m.checkpoint/training.jsonl"))).Step);
        }
    }

    [Fact]
    public void What_fails_after_a_checkpoint_says_that_it_is_kept()
    {
        TrainingJob job = Job("m", "\"steps\": 4, \"evaluateEvery\": 2, \"keepBest\": true") with { Evaluation = [Source("Paris is it.")] };
        InputException error = Assert.Throws<InputException>(() => TrainingRun.Execute(job, Device, told =>
        {
            if (told.Step == 4) Directory.CreateDirectory(Folder.File("m")); // somebody else's in the meantime
        }));
        Assert.Contains("is already there", error.Sentence, StringComparison.Ordinal);
        string kept = $"But what was learnt in 4 steps is kept in {Folder.File("m.checkpoint")}, with the log.";
        Assert.EndsWith(kept, error.Sentence, StringComparison.Ordinal);
        Assert.EndsWith("Then the same command with --resume goes on.", error.Hint, StringComparison.Ordinal);
        Directory.Delete(Folder.File("m"));
        Assert.Equal(4, Run(job with { Resume = true }).Step);
    }

    [Fact]
    public void How_weights_are_stored_may_change_on_the_way()
    {
        Stop(Job("m", "\"steps\": 4"), after: 2);
        Assert.Equal(DType.F16, Run(Job("m", "\"steps\": 4, \"dtype\": \"f16\"") with { Resume = true }).Plan.DType);
    }

    [Fact]
    public void Hours_may_change_and_time_adds_up_over_the_parts()
    {
        // A look at the clock takes a second, a step several looks.
        TrainingJob job = Job("m", "\"steps\": 1000, \"hours\": 0.02, \"checkpointMinutes\": 0") with { Time = new TickingClock() };
        Stop(job, after: 3);
        TrainingResult result = Run(job with { Resume = true });
        Assert.Equal((TrainingEnd.Hours, 1000), (result.End, result.Steps));
        Assert.InRange(result.Seconds, 72, 90);
        Assert.InRange(result.Step, 4, 30);
    }

    [Fact]
    public void Hours_alone_decide_the_schedule_once()
    {
        TrainingJob job = Job("m", "\"hours\": 0.02, \"checkpointMinutes\": 0") with { Time = new TickingClock() };
        Stop(job, after: 2);
        using var kept = JsonDocument.Parse(File.ReadAllText(Folder.File("m.checkpoint/run.json")));
        int planned = kept.RootElement.GetProperty("steps").GetInt32();
        Assert.Equal(205, planned); // 95 % of 72 s at a third of a second: three trial steps between two looks
        Assert.Equal(planned, Run(job with { Resume = true }).Steps);
    }
}
