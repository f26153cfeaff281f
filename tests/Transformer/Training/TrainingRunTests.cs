using System.Text;
using System.Text.Json;
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
        Refused("had another evaluation text", job with { Resume = true, Evaluation = [Source("Paris is it.")] });
        File.WriteAllText(folder.File("m.checkpoint/run.json"), "{}");
        Refused("run.json: is damaged", job with { Resume = true });
        Assert.True(File.Exists(folder.File("m.checkpoint/trainer-3.safetensors")));

        void Refused(string said, TrainingJob other) => Fails.With<InputException>(said, () => Run(other));
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
    [InlineData("\"steps\": 1, \"memory\": \"1MB\"", "but may take 1MB.")]
    [InlineData("\"steps\": 1, \"freeze\": [\"*\"]", "expected some to be trained")]
    [InlineData("\"steps\": 9, \"learningRate\": 1e30, \"warmupSteps\": 0", "a lower learning rate")]
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
        Assert.True(File.Exists(folder.File("m.checkpoint/thesis.txt")));
        Fails.With<InputException>("needs a tokenizer", () => Run(Job("n", "\"steps\": 1") with { Tokenizer = null }));
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
