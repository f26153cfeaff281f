using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Transformer.Training;

/// <summary>Runs from text to a model folder: how they end, stop, go on, and what they leave behind.</summary>
public sealed class TrainingRunTests : IDisposable
{
    private const string Shape = """
        "model": {"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16}
        """;

    private const string Settings = """
        "warmupSteps": 2, "learningRate": 0.01, "batchTokens": 32, "documents": "line"
        """;

    private static readonly string Sentences =
        string.Join('\n', Enumerable.Range(0, 60).Select(i => $"The capital of land {i} is Paris, or {i * 7}."));

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly CpuDevice device = new(threads: 2);

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_model_from_scratch_learns_and_is_a_model_folder()
    {
        TrainingResult result = Run(Job("m", "\"steps\": 25, \"seed\": 5"));
        Assert.Equal((25, 25, TrainingEnd.Steps, 25L * 32), (result.Step, result.Steps, result.End, result.Tokens));
        Assert.True(result.Loss < result.FirstLoss - 1, $"{result.FirstLoss} to {result.Loss}");
        ModelFolder.Check(folder.File("m"));
        ModelConfig config = ModelConfig.Load(folder.File("m"));
        Tokenizer tokenizer = Tokenizer.Load(folder.File("m"), config);
        Assert.Equal((tokenizer.VocabularySize, tokenizer.EosId), (config.VocabSize, config.EosTokenId));
        Assert.Equal(Enumerable.Range(1, 25), TrainingLog.Read(folder.File("m/training.jsonl")).Select(line => line.Step));
        Assert.StartsWith("<svg", File.ReadAllText(folder.File("m/loss.svg")), StringComparison.Ordinal);
        string card = File.ReadAllText(folder.File("m/README.md"));
        Assert.Contains(Assert.Single(result.Text).Sha256, card, StringComparison.Ordinal);
        Assert.Contains("\"seed\": 5", card, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("m.checkpoint")));
    }

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
            Assert.Contains(folder.File("parts.checkpoint"), stopped.Message, StringComparison.Ordinal);
            Assert.False(Path.Exists(folder.File("parts")));
            Run(job with { Resume = true });
            AssertSame("whole", "parts");
            Directory.Delete(folder.File("parts"), recursive: true);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(", \"keepBest\": true")]
    public void An_adapter_goes_on_bit_for_bit_and_is_for_its_model(string settings)
    {
        Run(Job("base", "\"steps\": 3"));
        settings = $"\"steps\": 8, \"evaluateEvery\": 3, \"lora\": \"rank=2,modules=all-linear,dropout=0.1\"{settings}";
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, folder.File("base"));
        TrainingResult result = Run(Adapter("whole") with { From = relative });
        Assert.Equal(2 * (32 + 16 + 40 + 40), result.Trained); // both sides of 8→24, 8→8, 8→32 and 32→8
        Stop(Adapter("parts"), after: 4);
        Run(Adapter("parts") with { Resume = true });
        Assert.Equal(Bytes("whole"), Bytes("parts"));
        Assert.Contains("library_name: peft", File.ReadAllText(folder.File("whole/README.md")), StringComparison.Ordinal);
        var plain = CausalLm.Load(folder.File("base"), device);
        var adapted = CausalLm.Load(folder.File("base"), device, adapter: folder.File("whole"));
        Assert.NotEqual(plain.Blocks[0].Mlp.Up.Matrices[0].Value.ToArray(), adapted.Blocks[0].Mlp.Up.Matrices[0].Value.ToArray());

        TrainingJob Adapter(string name) => Job(name, settings, shape: false) with
        {
            From = folder.File("base"),
            Evaluation = [Source("The capital of land 99 is Paris.")],
        };

        byte[] Bytes(string name) => File.ReadAllBytes(folder.File($"{name}/adapter_model.safetensors"));
    }

    [Fact]
    public void A_run_that_memory_makes_smaller_takes_the_same_steps()
    {
        TrainingResult free = Run(Job("free", "\"steps\": 3, \"batchTokens\": 128"));
        ModelConfig config = ModelConfig.Load(folder.File("free"));
        string half = MemoryText.Of(TrainingMemory.Of(free.Plan, config, stored: 0).Total / 2);
        TrainingResult tight = Run(Job("tight", $"\"steps\": 3, \"batchTokens\": 128, \"memory\": \"{half}\""));
        Assert.InRange(tight.Plan.Accumulate, 2, 8);
        Assert.Equal(128, tight.Plan.Accumulate * tight.Plan.BatchTokens);
        Assert.Equal(free.Loss!.Value, tight.Loss!.Value, 1e-4);
    }

    [Fact]
    public void A_process_killed_while_it_saves_leaves_the_checkpoint_before()
    {
        Run(Job("whole", "\"steps\": 8"));
        TrainingJob job = Job("parts", "\"steps\": 8");
        Stop(job, after: 4);
        // Half of a newer checkpoint, and lines of steps that are not in the one before.
        File.WriteAllText(folder.File("parts.checkpoint/trainer-6.safetensors"), "half");
        File.WriteAllText(folder.File("parts.checkpoint/run.json.tmp"), "{");
        File.AppendAllText(folder.File("parts.checkpoint/training.jsonl"), "{\"step\":5,\"tokens\":1,\"lo");
        Run(job with { Resume = true });
        AssertSame("whole", "parts");
        Assert.False(Directory.Exists(folder.File("parts.checkpoint")));
    }

    [Fact]
    public void Another_run_does_not_go_on()
    {
        TrainingJob job = Job("m", "\"steps\": 8");
        Stop(job, after: 3);
        Refused("an unfinished run is there", job);
        Refused("had steps 8, this one has 9", Job("m", "\"steps\": 9") with { Resume = true });
        Refused("had dropout 0, this one has 0.5", Job("m", "\"steps\": 8, \"dropout\": 0.5") with { Resume = true });
        Refused("had other text or another tokenizer", job with { Resume = true, Text = [Source("Other.")] });
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
        string path = folder.File($"m.checkpoint/{name}");
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
            .. Directory.GetFiles(folder.File("m.checkpoint")).Order()
                .Select(file => file + Convert.ToHexString(File.ReadAllBytes(file))),
        ];
    }

    [Fact]
    public void A_checkpoint_without_sums_goes_on_and_its_damage_is_found_as_far_as_can_be()
    {
        Run(Job("whole", "\"steps\": 8"));
        TrainingJob job = Job("parts", "\"steps\": 8") with { Resume = true };
        Stop(job, after: 3);
        string run = folder.File("parts.checkpoint/run.json");
        JsonNode kept = JsonNode.Parse(File.ReadAllText(run))!;
        foreach (string sum in (string[])["logSha256", "trainerSha256"]) Assert.True(kept.AsObject().Remove(sum));
        kept["identity"]!["settings"]!["dtype"] = "f32"; // which was once among what must be the same
        File.WriteAllText(run, kept.ToJsonString());

        string log = folder.File("parts.checkpoint/training.jsonl"), lines = File.ReadAllText(log);
        File.WriteAllText(log, lines.Replace("\"step\":2", "\"step\"_2", StringComparison.Ordinal));
        Fails.With<InputException>("training.jsonl: line 2 is no line of a training log.", () => Run(job));
        File.WriteAllText(log, lines);
        string trainer = folder.File("parts.checkpoint/trainer-3.safetensors");
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
        Directory.CreateDirectory(folder.File("parts.checkpoint"));
        File.WriteAllText(folder.File("parts.checkpoint/run.json.tmp"), "");
        File.WriteAllText(folder.File("parts.checkpoint/trainer-2.safetensors"), "whole or not");
        File.WriteAllText(folder.File("parts.checkpoint/training.jsonl"), "{\"step\":1}\n");
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
            Assert.Equal(1, Assert.Single(TrainingLog.Read(folder.File("m.checkpoint/training.jsonl"))).Step);
        }
    }

    [Fact]
    public void What_fails_after_a_checkpoint_says_that_it_is_kept()
    {
        TrainingJob job = Job("m", "\"steps\": 4, \"evaluateEvery\": 2, \"keepBest\": true") with { Evaluation = [Source("Paris is it.")] };
        InputException error = Assert.Throws<InputException>(() => TrainingRun.Execute(job, device, told =>
        {
            if (told.Step == 4) Directory.CreateDirectory(folder.File("m")); // somebody else's in the meantime
        }));
        Assert.Contains("is already there", error.Sentence, StringComparison.Ordinal);
        string kept = $"But what was learnt in 4 steps is kept in {folder.File("m.checkpoint")}, with the log.";
        Assert.EndsWith(kept, error.Sentence, StringComparison.Ordinal);
        Assert.EndsWith("Then the same command with --resume goes on.", error.Hint, StringComparison.Ordinal);
        Directory.Delete(folder.File("m"));
        Assert.Equal(4, Run(job with { Resume = true }).Step);
    }

    [Fact]
    public void How_weights_are_stored_may_change_on_the_way()
    {
        Stop(Job("m", "\"steps\": 4"), after: 2);
        Assert.Equal(DType.F16, Run(Job("m", "\"steps\": 4, \"dtype\": \"f16\"") with { Resume = true }).Plan.DType);
    }

    [Theory]
    [InlineData("\"steps\": 4, \"warmupSteps\": 4", "no shorter than the run of 4: the step size grows to 0.01 of 0.01")]
    [InlineData("\"steps\": 1, \"warmupSteps\": 2", "warm-up of 2 steps is no shorter than the run of 1")]
    [InlineData("\"steps\": 3, \"batchTokens\": 8192", "A step reads 8,192 tokens, the text has ")]
    [InlineData("\"steps\": 3, \"batchTokens\": 32", null)]
    public void What_is_hardly_meant_is_told(string settings, string? said)
    {
        var notices = new List<string>();
        Run(Job("m", settings) with { Notice = notices.Add });
        Assert.Equal(said is null ? 1 : 2, notices.Count); // the text is told of in any case
        Assert.Contains(said ?? "text: 60 documents, ", notices[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_document_and_a_rank_are_told_of_as_they_are()
    {
        Run(Job("base", "\"steps\": 3"));
        var notices = new List<string>();
        TrainingJob job = Job("m", "\"steps\": 3, \"lora\": \"rank=9,modules=all-linear\"", shape: false) with { Notice = notices.Add };
        Run(job with { From = folder.File("base"), Text = [Source("The capital of France is Paris, and that of Italy is Rome.")] });
        Assert.Contains(notices, notice => notice.StartsWith("text: 1 document, ", StringComparison.Ordinal));
        Assert.Contains("The rank 9 is more than transformer.h.0.attn.c_attn can have, which is 8.", notices);
    }

    [Fact]
    public void The_last_that_is_told_has_the_last_evaluation()
    {
        var told = new List<TrainingProgress>();
        TrainingJob job = Job("m", "\"steps\": 5, \"evaluateEvery\": 2") with { Evaluation = [Source("Paris is it.")] };
        TrainingResult result = TrainingRun.Execute(job, device, told.Add);
        Assert.Equal([1, 2, 3, 4, 5], told.Select(one => one.Step));
        Assert.Equal(result.EvaluationLoss, told[^1].EvaluationLoss);
    }

    [Fact]
    public void The_card_has_names_as_they_are()
    {
        TrainingJob job = Job("m", "\"steps\": 1") with
        {
            Text = [new TextSource("my text $HOME|x`y.txt", Source(Sentences).Open), new TextSource("plain_1.txt", Source("Paris.").Open)],
        };
        string card = ModelCard.Of("o <b>&|x", ModelConfig.Load(TestFiles.Model), job, Run(job));
        Assert.Contains("\n# o &#60;b&#62;&#38;&#124;x\n", card, StringComparison.Ordinal);
        Assert.Contains("| <code>my text &#36;HOME&#124;x&#96;y.txt</code> |", card, StringComparison.Ordinal);
        Assert.Contains("| `plain_1.txt` |", card, StringComparison.Ordinal);
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
        using var kept = JsonDocument.Parse(File.ReadAllText(folder.File("m.checkpoint/run.json")));
        int planned = kept.RootElement.GetProperty("steps").GetInt32();
        Assert.Equal(205, planned); // 95 % of 72 s at a third of a second: three trial steps between two looks
        Assert.Equal(planned, Run(job with { Resume = true }).Steps);
    }

    [Theory]
    [InlineData("\"tokens\": 100", 4)]
    [InlineData("\"tokens\": 128, \"accumulate\": 2", 2)]
    [InlineData("\"tokens\": 1000, \"steps\": 3", 3)]
    public void Tokens_come_to_whole_steps(string settings, int steps) => Assert.Equal(steps, Run(Job("m", settings)).Step);

    [Fact]
    public void Evaluations_that_become_no_better_end_the_run_and_the_best_weights_can_be_kept()
    {
        // What is asked has nothing to do with what is learnt.
        const string Late = "\"steps\": 200, \"evaluateEvery\": 4, \"patience\": 2, \"learningRate\": 0.05";
        TextSource[] asked = [Source("Zebras walk quietly. Zebras walk quietly.")];
        TrainingResult last = Run(Job("last", Late) with { Evaluation = asked });
        TrainingResult best = Run(Job("best", Late + ", \"keepBest\": true") with { Evaluation = asked });
        Assert.Equal(TrainingEnd.NoBetter, last.End);
        Assert.Equal((last.Step, last.BestStep), (best.Step, best.BestStep));
        Assert.Equal(last.BestStep + 8, last.Step);
        Assert.True(best.KeptBest && !last.KeptBest);
        Assert.True(Loss("best") < Loss("last"));
        Assert.Equal(best.BestLoss!.Value, Loss("best"), 6);

        double Loss(string name)
        {
            CausalLm model = CausalLm.Load(folder.File(name), device);
            var text = TrainingText.Read(asked, DocumentSplit.Line, Tokenizer.Load(folder.File(name)));
            return Trainer.OfModel(model, new TrainingSettings()).Evaluate(new TokenWindows(text, 16, true, 2, null).Once());
        }
    }

    [Fact]
    public void A_run_goes_on_from_a_model_and_may_leave_weights_as_they_are()
    {
        Run(Job("base", "\"steps\": 3"));
        File.WriteAllText(folder.File("base/generation_config.json"), """{"eos_token_id": 5}""");
        TrainingJob job = Job("tuned", "\"steps\": 3, \"freeze\": [\"wte.weight\", \"h.0.attn.*\"], \"dtype\": \"bf16\"", shape: false);
        TrainingResult result = Run(job with { From = folder.File("base") });
        Assert.True(result.Trained < result.Parameters);
        using SafeTensorsFile tuned = SafeTensorsFile.Open(folder.File("tuned/model.safetensors"));
        using SafeTensorsFile before = SafeTensorsFile.Open(folder.File("base/model.safetensors"));
        Assert.Equal(before.Names.Order(), tuned.Names.Order());
        Assert.All(tuned.Tensors, tensor => Assert.Equal("BF16", tensor.DType));
        Assert.True(Close("wte.weight"));
        Assert.False(Close("h.0.mlp.c_fc.weight"));
        Assert.Equal([5], ModelConfig.Load(folder.File("tuned")).EosTokenIds);
        Assert.Contains("\"torch_dtype\": \"bfloat16\"", File.ReadAllText(folder.File("tuned/config.json")), StringComparison.Ordinal);

        bool Close(string name) => Floats(tuned, name).Zip(Floats(before, name)).All(pair => Math.Abs(pair.First - pair.Second) < 1e-3);
    }

    [Theory]
    [InlineData("", "Nothing says how long to train. Hint: give steps, tokens or hours.")]
    [InlineData("\"steps\": 1, \"window\": 17", "The window is 17, the model's positions are 16.")]
    [InlineData("\"steps\": 1, \"patience\": 2", "patience needs evaluations, but there is no text to evaluate.")]
    [InlineData("\"steps\": 1, \"keepBest\": true", "keepBest needs evaluations")]
    [InlineData("\"steps\": 1, \"freeze\": [\"wte.wieght\"]", "Did you mean 'wte.weight'?")]
    [InlineData("\"steps\": 1, \"lora\": \"rank=2\"", "lora needs a model that the adapter is for.")]
    [InlineData("\"steps\": 1, \"memory\": \"1MB\"", "MB at least, window by window, but may take 1 MB.")]
    [InlineData("\"steps\": 1, \"freeze\": [\"*\"]", "expected some to be trained")]
    public void What_cannot_be_done_is_refused_and_leaves_nothing(string settings, string said)
    {
        Fails.With<InputException>(said, () => Run(Job("m", settings)));
        Assert.Equal([folder.File("c.json")], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Folders_that_are_in_the_way_are_left_alone()
    {
        TrainingJob job = Job("m", "\"steps\": 1");
        Directory.CreateDirectory(folder.File("m.checkpoint"));
        File.WriteAllText(folder.File("m.checkpoint/thesis.txt"), "");
        Fails.With<InputException>("\"thesis.txt\" is there", () => Run(job));
        Directory.CreateDirectory(folder.File("m"));
        Fails.With<InputException>("is already there", () => Run(job));
        File.WriteAllText(folder.File("o.checkpoint"), "");
        Fails.With<InputException>("o.checkpoint: is to hold the run's checkpoints, but is a file.", () => Run(Job("o", "\"steps\": 1")));
        Fails.With<InputException>("o.checkpoint is a file, expected a folder", () => Run(Job("o.checkpoint/n/m", "\"steps\": 1")));
        Assert.True(File.Exists(folder.File("m.checkpoint/thesis.txt")));
        Fails.With<InputException>("needs a tokenizer", () => Run(Job("n", "\"steps\": 1") with { Tokenizer = null }));
        TrainingJob nothing = job with { Output = folder.File("n"), Config = new TrainingConfig(null, new TrainingPlan(), null) };
        Fails.With<InputException>("Neither a configuration nor a model is named", () => Run(nothing));
        Fails.With<InputException>("one of the two", () => Run(Job("n", "\"steps\": 1") with { From = TestFiles.Model }));
    }

    private TrainingJob Job(string name, string settings, bool shape = true)
    {
        string[] parts = [.. ((string[])[shape ? Shape : "", Settings, settings]).Where(part => part.Length > 0)];
        // A later value of a key goes before an earlier one here.
        File.WriteAllText(folder.File("c.json"), $"{{{Merged(string.Join(", ", parts))}}}");
        return new TrainingJob
        {
            Config = TrainingConfig.Load(folder.File("c.json")),
            Text = [Source(Sentences)],
            Output = folder.File(name),
            Tokenizer = shape ? TestFiles.Model : null,
        };
    }

    private static string Merged(string members)
    {
        using var all = JsonDocument.Parse($"{{{members}}}");
        return string.Join(", ", all.RootElement.EnumerateObject().GroupBy(one => one.Name).Select(same => same.Last().ToString()));
    }

    private TrainingResult Run(TrainingJob job) => TrainingRun.Execute(job, device);

    private InputException Stop(TrainingJob job, int after)
    {
        using var cancellation = new CancellationTokenSource();
        return Assert.Throws<InputException>(() => TrainingRun.Execute(
            job, device, told => { if (told.Step == after) cancellation.Cancel(); }, cancellation.Token));
    }

    private void AssertSame(string one, string other)
    {
        Assert.Equal(Weights(one), Weights(other));
        Assert.Equal(Lines(one), Lines(other));

        byte[] Weights(string name) => File.ReadAllBytes(folder.File($"{name}/model.safetensors"));

        IEnumerable<TrainingLogLine> Lines(string name) =>
            TrainingLog.Read(folder.File($"{name}/training.jsonl")).Select(line => line with { TokensPerSecond = null });
    }

    private static float[] Floats(SafeTensorsFile file, string name)
    {
        float[] values = new float[file.Info(name).Shape.Aggregate(1L, (a, b) => a * b)];
        file.ReadFloats(name, 0, values);
        return values;
    }

    private static TextSource Source(string text) => new("text", () => new MemoryStream(Encoding.UTF8.GetBytes(text)));
}
