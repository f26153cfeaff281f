using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Transformer.Training;

/// <summary>What a training configuration may say.</summary>
public sealed class TrainingConfigTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_setting_comes_back_as_it_was_written()
    {
        TrainingPlan plan = Load("""
            {"steps": 10, "tokens": 1e6, "hours": 0.5, "learningRate": 3e-4, "warmupSteps": 7, "finalRate": 0, "batchTokens": 512,
             "accumulate": 3, "window": 128, "crossing": false, "documents": "paragraph", "bosShare": 0.25, "weightDecay": 0,
             "clipNorm": 0, "dropout": 0.1, "labelSmoothing": 0.05, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-6,
             "freeze": ["wte.weight", "h.0.*"], "recomputeBlocks": true, "evaluateEvery": 5, "patience": 2, "keepBest": true,
             "lora": "rank=4,alpha=0.5,modules=c_attn+mlp.c_proj,dropout=0.25,rslora=true", "memory": "1.5 GB",
             "checkpointEvery": 4, "checkpointMinutes": 1.5, "logEvery": 2, "dtype": "BF16", "seed": 18446744073709551615}
            """).Plan;
        Assert.Equal((10, 1_000_000L, 0.5, 128, false), (plan.Steps, plan.Tokens, plan.Hours, plan.Window, plan.Crossing));
        Assert.Equal((3e-4, 0.9, 0.1, ulong.MaxValue), (plan.Settings.LearningRate, plan.Settings.Beta2, plan.Settings.Dropout, plan.Seed));
        Assert.Equal((DType.BF16, DocumentSplit.Paragraph), (plan.DType, plan.Documents));
        string written = $"{{{string.Join(',', TrainingKeys.All.Select(key => $"\"{key.Name}\":{key.Of(plan)!.ToJsonString()}"))}}}";
        TrainingPlan again = Load(written).Plan;
        Assert.All(TrainingKeys.All, key => Assert.Equal(key.Of(plan)!.ToJsonString(), key.Of(again)!.ToJsonString()));
    }

    [Theory]
    [InlineData("""{"learningrate": 1}""", "has the unknown key \"learningrate\"", "Did you mean 'learningRate'?")]
    [InlineData("""{"steps": 0}""", "steps is 0, expected a whole number from 1 to 1000000000.", "")]
    [InlineData("""{"steps": 1.5}""", "steps is 1.5, expected a whole number", "")]
    [InlineData("""{"dropout": 1}""", "dropout is 1, expected a number from 0, below 1.", "")]
    [InlineData("""{"crossing": "no"}""", "crossing is \"no\", expected true or false.", "")]
    [InlineData("""{"documents": "page"}""", "documents is \"page\", expected one of file, paragraph, line, jsonl.", "")]
    [InlineData("""{"dtype": "q8"}""", "dtype is \"q8\", expected one of f32, f16, bf16.", "")]
    [InlineData("""{"freeze": "wte"}""", "freeze is \"wte\", expected a list.", "")]
    [InlineData("""{"steps": 1, "steps": 2}""", "not valid JSON (steps appears twice).", "Hint: mend it there.")]
    [InlineData("""{"model": {"n_embd": 1, "n_embd": 2}}""", "not valid JSON (model.n_embd appears twice).", "")]
    [InlineData("""{"steps": 1,}""", "not valid JSON (line 1, byte 13).", "Hint: mend it there.")]
    [InlineData("""{"text": "a.txt"}""", "has the key \"text\", which is an option only.", "Hint: say it on the command line.")]
    [InlineData("""{"memory": "4GiB"}""", "expected a size in TB, GB, MB, kB as 4GB or 500MB, or a number of gigabytes.", "")]
    [InlineData("""{"memory": 0}""", "memory is \"0\", expected a size", "")]
    [InlineData("""{"memory": 1e20}""", "memory is \"1e20\", expected a size", "")]
    [InlineData("""[]""", "is a list, expected an object.", "")]
    public void What_is_wrong_is_said_in_a_sentence(string json, string said, string hint)
    {
        InputException error = Assert.Throws<InputException>(() => Load(json));
        Assert.Contains(folder.File("c.json"), error.Message, StringComparison.Ordinal);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shape_is_a_published_size_or_a_config_whose_vocabulary_is_the_tokenizers()
    {
        Assert.Equal(PublishedSizes.All["gpt2-medium"], Load("""{"model": "gpt2-medium"}""").ModelOf(99));
        ModelConfig made = Load(
            """{"model": {"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16}}""").ModelOf(99);
        Assert.Equal((8, 1, 2, 16, 99, 32), (made.NEmbd, made.NLayer, made.NHead, made.NPositions, made.VocabSize, made.NInner));
    }

    [Fact]
    public void A_published_config_may_be_pasted_as_it_is()
    {
        ModelConfig made = Load("""
            {"model": {
              "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "bos_token_id": 50256,
              "embd_pdrop": 0.1, "eos_token_id": 50256, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "model_type": "gpt2",
              "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024, "resid_pdrop": 0.1,
              "summary_activation": null, "summary_first_dropout": 0.1, "summary_proj_to_labels": true, "summary_type": "cls_index",
              "summary_use_proj": true, "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}},
              "torch_dtype": "float32", "transformers_version": "4.46.0", "use_cache": true, "vocab_size": 50257}}
            """).ModelOf(99);
        ModelConfig published = PublishedSizes.All["gpt2"];
        Assert.Equal((published.NEmbd, published.NLayer, 50257), (made.NEmbd, made.NLayer, made.VocabSize));
    }

    [Theory]
    [InlineData("""{}""", "has no \"model\"")]
    [InlineData("""{"model": "gpt2-medum"}""", "Did you mean 'gpt2-medium'?")]
    [InlineData(
        """{"model": {"model_type": "gpt2", "n_embd": 8, "n_layr": 1, "n_layer": 1, "n_head": 2, "n_positions": 4}}""",
        "unknown key \"n_layr\"")]
    [InlineData(
        """{"model": {"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 4, "tie_word_embedings": false}}""",
        "Did you mean 'tie_word_embeddings'?")]
    [InlineData(
        """{"model": {"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 3, "n_positions": 4}}""", "3 attention heads")]
    [InlineData("""{"model": {"model_type": "llm"}}""", "model_type is \"llm\", supported:")]
    [InlineData("""{"model": 3}""", "model is 3, expected a text.")]
    public void A_shape_that_is_none_is_refused(string json, string said) =>
        Fails.With<InputException>(said, () => Load(json).ModelOf(99));

    [Theory]
    [InlineData("learningRate", "-1", "--x is -1, expected a number above 0.")]
    [InlineData("seed", "x", "--x is \"x\", expected a whole number")]
    [InlineData("crossing", "maybe", "--x is \"maybe\", expected true or false.")]
    public void Words_of_a_command_line_are_held_to_the_same(string key, string word, string said) => Fails.With<InputException>(
        said, () => TrainingKeys.All.Single(one => one.Name == key).With(new TrainingPlan(), [word], "--x"));

    [Fact]
    public void Words_of_a_command_line_are_numbers_flags_and_lists()
    {
        var plan = new TrainingPlan();
        (string, string[])[] settings =
        [
            ("learningRate", ["2e-3"]), ("crossing", ["false"]), ("freeze", ["a", "true"]), ("dtype", ["F16"]), ("tokens", ["3000000000"]),
        ];
        foreach ((string name, string[] words) in settings)
            plan = TrainingKeys.All.Single(one => one.Name == name).With(plan, words, name);
        Assert.Equal((2e-3, false, DType.F16, 3_000_000_000), (plan.Settings.LearningRate, plan.Crossing, plan.DType, plan.Tokens));
        Assert.Equal(["a", "true"], plan.Freeze);
    }

    [Theory]
    [InlineData("4")]
    [InlineData("0.5")]
    [InlineData("4GB")]
    public void Memory_is_a_number_or_a_text_in_files_and_on_command_lines(string size)
    {
        long bytes = MemoryText.Parse(size, "");
        TrainingKey memory = TrainingKeys.All.Single(key => key.Name == "memory");
        Assert.Equal(bytes, memory.With(new TrainingPlan(), [size], "--memory").Memory);
        Assert.Equal(bytes, Load($$"""{"memory": "{{size}}"}""").Plan.Memory);
        if (char.IsAsciiDigit(size[^1])) Assert.Equal(bytes, Load($$"""{"memory": {{size}}}""").Plan.Memory);
    }

    private TrainingConfig Load(string json)
    {
        File.WriteAllText(folder.File("c.json"), json);
        return TrainingConfig.Load(folder.File("c.json"));
    }
}
