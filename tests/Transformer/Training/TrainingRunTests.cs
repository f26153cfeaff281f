using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Transformer.Training;

/// <summary>Runs from text to a model folder: how they end, and what they leave behind.</summary>
public sealed class TrainingRunTests : TrainingRunFixture
{
    [Fact]
    public void A_model_from_scratch_learns_and_is_a_model_folder()
    {
        TrainingResult result = Run(Job("m", "\"steps\": 25, \"seed\": 5"));
        Assert.Equal((25, 25, TrainingEnd.Steps, 25L * 32), (result.Step, result.Steps, result.End, result.Tokens));
        Assert.True(result.Loss < result.FirstLoss - 1, $"{result.FirstLoss} to {result.Loss}");
        ModelFolder.Check(Folder.File("m"));
        ModelConfig config = ModelConfig.Load(Folder.File("m"));
        Tokenizer tokenizer = Tokenizer.Load(Folder.File("m"), config);
        Assert.Equal((tokenizer.VocabularySize, tokenizer.EosId), (config.VocabSize, config.EosTokenId));
        Assert.Equal(Enumerable.Range(1, 25), TrainingLog.Read(Folder.File("m/training.jsonl")).Select(line => line.Step));
        Assert.StartsWith("<svg", File.ReadAllText(Folder.File("m/loss.svg")), StringComparison.Ordinal);
        string card = File.ReadAllText(Folder.File("m/README.md"));
        Assert.Contains(Assert.Single(result.Text).Sha256, card, StringComparison.Ordinal);
        Assert.Contains("\"seed\": 5", card, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder.File("m.checkpoint")));
    }

    [Fact]
    public void A_run_that_memory_makes_smaller_takes_the_same_steps()
    {
        TrainingResult free = Run(Job("free", "\"steps\": 3, \"batchTokens\": 128"));
        ModelConfig config = ModelConfig.Load(Folder.File("free"));
        string half = MemoryText.Of(TrainingMemory.Of(free.Plan, config, stored: 0).Total / 2);
        TrainingResult tight = Run(Job("tight", $"\"steps\": 3, \"batchTokens\": 128, \"memory\": \"{half}\""));
        Assert.InRange(tight.Plan.Accumulate, 2, 8);
        Assert.Equal(128, tight.Plan.Accumulate * tight.Plan.BatchTokens);
        Assert.Equal(free.Loss!.Value, tight.Loss!.Value, 1e-4);
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
        Run(job with { From = Folder.File("base"), Text = [Source("The capital of France is Paris, and that of Italy is Rome.")] });
        Assert.Contains(notices, notice => notice.StartsWith("text: 1 document, ", StringComparison.Ordinal));
        Assert.Contains("The rank 9 is more than transformer.h.0.attn.c_attn can have, which is 8.", notices);
    }

    [Fact]
    public void The_last_that_is_told_has_the_last_evaluation()
    {
        var told = new List<TrainingProgress>();
        TrainingJob job = Job("m", "\"steps\": 5, \"evaluateEvery\": 2") with { Evaluation = [Source("Paris is it.")] };
        TrainingResult result = TrainingRun.Execute(job, Device, told.Add);
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
            CausalLm model = CausalLm.Load(Folder.File(name), Device);
            var text = TrainingText.Read(asked, DocumentSplit.Line, Tokenizer.Load(Folder.File(name)));
            return Trainer.OfModel(model, new TrainingSettings()).Evaluate(new TokenWindows(text, 16, true, 2, null).Once());
        }
    }

    [Fact]
    public void A_run_goes_on_from_a_model_and_may_leave_weights_as_they_are()
    {
        Run(Job("base", "\"steps\": 3"));
        File.WriteAllText(Folder.File("base/generation_config.json"), """{"eos_token_id": 5}""");
        TrainingJob job = Job("tuned", "\"steps\": 3, \"freeze\": [\"wte.weight\", \"h.0.attn.*\"], \"dtype\": \"bf16\"", shape: false);
        TrainingResult result = Run(job with { From = Folder.File("base") });
        Assert.True(result.Trained < result.Parameters);
        using SafeTensorsFile tuned = SafeTensorsFile.Open(Folder.File("tuned/model.safetensors"));
        using SafeTensorsFile before = SafeTensorsFile.Open(Folder.File("base/model.safetensors"));
        Assert.Equal(before.Names.Order(), tuned.Names.Order());
        Assert.All(tuned.Tensors, tensor => Assert.Equal("BF16", tensor.DType));
        Assert.True(Close("wte.weight"));
        Assert.False(Close("h.0.mlp.c_fc.weight"));
        Assert.Equal([5], ModelConfig.Load(Folder.File("tuned")).EosTokenIds);
        Assert.Contains("\"torch_dtype\": \"bfloat16\"", File.ReadAllText(Folder.File("tuned/config.json")), StringComparison.Ordinal);

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
        Assert.Equal([Folder.File("c.json")], Directory.GetFileSystemEntries(Folder.Path));
    }

    [Fact]
    public void Folders_that_are_in_the_way_are_left_alone()
    {
        TrainingJob job = Job("m", "\"steps\": 1");
        Directory.CreateDirectory(Folder.File("m.checkpoint"));
        File.WriteAllText(Folder.File("m.checkpoint/thesis.txt"), "");
        Fails.With<InputException>("\"thesis.txt\" is there", () => Run(job));
        Directory.CreateDirectory(Folder.File("m"));
        Fails.With<InputException>("is already there", () => Run(job));
        File.WriteAllText(Folder.File("o.checkpoint"), "");
        Fails.With<InputException>("o.checkpoint: is to hold the run's checkpoints, but is a file.", () => Run(Job("o", "\"steps\": 1")));
        Fails.With<InputException>("o.checkpoint is a file, expected a folder", () => Run(Job("o.checkpoint/n/m", "\"steps\": 1")));
        Assert.True(File.Exists(Folder.File("m.checkpoint/thesis.txt")));
        Fails.With<InputException>("needs a tokenizer", () => Run(Job("n", "\"steps\": 1") with { Tokenizer = null }));
        TrainingJob nothing = job with { Output = Folder.File("n"), Config = new TrainingConfig(null, new TrainingPlan(), null) };
        Fails.With<InputException>("Neither a configuration nor a model is named", () => Run(nothing));
        Fails.With<InputException>("one of the two", () => Run(Job("n", "\"steps\": 1") with { From = TestFiles.Model }));
    }

    private static float[] Floats(SafeTensorsFile file, string name)
    {
        float[] values = new float[file.Info(name).Shape.Aggregate(1L, (a, b) => a * b)];
        file.ReadFloats(name, 0, values);
        return values;
    }
}
