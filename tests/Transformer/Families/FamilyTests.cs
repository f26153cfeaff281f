using System.Text.Json;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Transformer.Families;

/// <summary>
/// What the families' configs say and what follows from it. That their logits are right the golden values tell, see
/// <see cref="GoldenLogitsTests"/>.
/// </summary>
public sealed class FamilyTests : IDisposable
{
    private readonly CpuDevice device = new(threads: 1); // tests run side by side
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("gpt-neo-125m")]
    [InlineData("gpt-j-6b")]
    public void A_random_checkpoint_of_each_family_says_what_it_is_and_runs(string size)
    {
        ModelConfig config = PublishedSizes.All[size].WithBlocks(3) with
        {
            NEmbd = 24,
            NHead = 3,
            NPositions = 300,
            VocabSize = 301,
            NInner = 40,
            Activation = Activation.Silu,
            RotaryDim = size == "gpt-j-6b" ? 4 : 0,
        };
        string path = folder.File("model");
        long parameters = RandomCheckpoint.Write(path, config, DType.F16, seed: 1);
        Assert.Equal(JsonSerializer.Serialize(config), JsonSerializer.Serialize(ModelConfig.Load(path)));
        CausalLm model = CausalLm.Load(path, device);
        Assert.Equal(parameters, model.Weights.Sum(w => w.Value.Count));
        // Beyond a window of 256.
        int[] prompt = [.. Enumerable.Range(0, 270)];
        Assert.Equal(20, Generator.Generate(model, prompt, 20, endTokens: [], new SamplingOptions()).Count());
    }

    [Theory]
    [InlineData("relu", Activation.Relu)]
    [InlineData("gelu", Activation.Gelu)]
    [InlineData("swish", Activation.Silu)]
    [InlineData("silu", Activation.Silu)]
    [InlineData("quick_gelu", Activation.QuickGelu)]
    [InlineData("gelu_pytorch_tanh", Activation.GeluTanh)]
    public void An_activation_has_the_name_that_checkpoints_give_it(string name, Activation expected)
    {
        CausalLm model = Changed("gpt2-tiny-f32", "\"gelu_new\"", $"\"{name}\"");
        Assert.Equal(expected, model.Config.Activation);
        Assert.All(model.Blocks, block => Assert.Equal(expected, block.Mlp.Activation));
        float[] logits = Logits(model), usual = Logits(Load("gpt2-tiny-f32"));
        if (expected == Activation.GeluTanh) Assert.Equal(usual, logits);
        else Assert.NotEqual(usual, logits);
    }

    [Fact]
    public void Dividing_scores_by_the_layer_is_dividing_queries_by_it()
    {
        CausalLm model = Changed("gpt2-tiny-f32", "{", "{\"scale_attn_by_inverse_layer_idx\": true,");
        CausalLm plain = Load("gpt2-tiny-f32");
        Block[] divided = [.. plain.Blocks.Select((block, l) =>
            block with { Attention = block.Attention with { Qkv = QueriesTimes(block.Attention.Qkv, 1f / (l + 1)) } })];
        Close(Logits(plain with { Blocks = divided }), Logits(model));
        Assert.NotEqual(Logits(plain), Logits(model));
    }

    [Fact]
    public void Scores_may_stay_as_they_are()
    {
        CausalLm model = Changed("gpt2-tiny-f32", "{", "{\"scale_attn_weights\": false, \"reorder_and_upcast_attn\": true,");
        CausalLm plain = Load("gpt2-tiny-f32");
        float sqrt = MathF.Sqrt(plain.Config.NEmbd / plain.Config.NHead);
        Block[] multiplied = [.. plain.Blocks.Select(block =>
            block with { Attention = block.Attention with { Qkv = QueriesTimes(block.Attention.Qkv, sqrt) } })];
        Close(Logits(plain with { Blocks = multiplied }), Logits(model));
    }

    [Theory]
    [InlineData("\"attention_types\": [[[\"global\",\"local\"],2]]", new[] { 0, 6, 0, 6 })]
    [InlineData("\"attention_types\": [[[\"local\"],1],[[\"global\"],3]]", new[] { 6, 0, 0, 0 })]
    [InlineData("\"attention_layers\": [\"global\",\"global\",\"local\",\"local\"]", new[] { 0, 0, 6, 6 })]
    [InlineData(
        "\"attention_types\": [[[\"local\"],1],[[\"global\"],3]], \"attention_layers\": [\"local\",\"global\",\"global\",\"global\"]",
        new[] { 6, 0, 0, 0 })]
    public void Windows_are_read_in_both_forms(string json, int[] expected)
    {
        WriteNeo(json);
        Assert.Equal(expected, ModelConfig.Load(folder.Path).Windows);
    }

    [Theory]
    [InlineData("\"attention_types\": [[[\"global\",\"local\"],3]]", "attention_types names more than 4 blocks, expected 4")]
    [InlineData(
        "\"attention_types\": [[[\"global\"],1000000000]]",
        "attention_types[0] is a list, expected [[\"global\" or \"local\", …], how often]")]
    [InlineData("\"attention_types\": [[[\"sparse\"],4]]", "is \"sparse\", expected \"global\" or \"local\"")]
    [InlineData("\"attention_types\": 4", "attention_types is 4, expected a list")]
    [InlineData("\"attention_layers\": [\"global\"]", "attention_layers names 1 blocks, expected 4")]
    [InlineData(
        "\"attention_types\": [[[\"global\",\"local\"],2]], \"attention_layers\": [\"global\",\"local\",\"local\",\"local\"]",
        "attention_types and attention_layers disagree about block 2")]
    [InlineData(
        "\"attention_types\": [[[\"global\",\"local\"],2]], \"attention_layers\": [\"global\",\"sparse\"]",
        "attention_layers[1] is \"sparse\", expected \"global\" or \"local\"")]
    [InlineData("\"other\": 0", "has neither attention_types nor attention_layers")]
    public void Wrong_windows_are_told(string json, string expected)
    {
        WriteNeo(json);
        Assert.Contains(expected, Assert.Throws<InputException>(() => ModelConfig.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"rotary_dim\": 7", "rotary_dim is 7, expected an even number up to the 16 channels of a head")]
    [InlineData("\"rotary_dim\": 18", "rotary_dim is 18, expected an even number")]
    [InlineData("\"rotary_dim\": null", "rotary_dim not stated, which means 64, expected an even number")]
    public void A_wrong_rotation_is_told(string json, string expected) =>
        Assert.Contains(
            expected, Assert.Throws<InputException>(() => Changed("gpt-j-tiny", "\"rotary_dim\": 8", json)).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(16_777_216)]
    [InlineData(8_388_609)]
    public void More_positions_than_angles_could_be_made_for_are_told(int positions)
    {
        string message = Assert.Throws<InputException>(() =>
            Changed("gpt-j-tiny", "\"n_positions\": 48", $"\"n_positions\": {positions}")).Message;
        Assert.Contains(
            $"n_positions {positions} by rotary_dim 8 are {8L * positions} numbers for the angles, expected at most 67108864",
            message, StringComparison.Ordinal);
    }

    [Fact]
    public void So_does_a_random_model_of_that_family()
    {
        ModelConfig config = PublishedSizes.All["gpt-j-6b"] with { NLayer = 1, NPositions = 1 << 24 };
        InputException e = Assert.Throws<InputException>(() =>
            RandomCheckpoint.Write(folder.File("random"), config, DType.F16, seed: 0));
        Assert.Contains("gptj: n_positions 16777216 by rotary_dim", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_family_is_told_which_there_are()
    {
        InputException e = Assert.Throws<InputException>(() => Changed("gpt-j-tiny", "\"gptj\"", "\"gpt_neox\""));
        Assert.Contains("model_type is \"gpt_neox\", supported: gpt2, gpt_neo, gptj.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tied_table_may_stand_under_the_heads_name_or_twice()
    {
        float[] expected = Logits(Load("gpt2-tiny-f32"));
        Copy("gpt2-tiny-f32");
        Rewrite(name => name == "wte.weight" ? ["lm_head.weight"] : [name]);
        Assert.Equal(expected, Logits(CausalLm.Load(folder.Path, device)));
        Rewrite(name => name == "lm_head.weight" ? ["transformer.wte.weight", "lm_head.weight"] : [$"transformer.{name}"]);
        Assert.Equal(expected, Logits(CausalLm.Load(folder.Path, device)));
    }

    [Fact]
    public void A_tensor_that_nobody_asks_for_is_told_whatever_its_name()
    {
        Copy("gpt2-tiny-f32");
        Rewrite(name => name == "wpe.weight" ? [name, "wpe.\u001b[2J"] : [name]);
        string message = Assert.Throws<InputException>(() => CausalLm.Load(folder.Path, device)).Message;
        Assert.Contains("unknown wpe.\\u001B[2J.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_head_that_is_not_tied_must_be_there()
    {
        string message = Assert.Throws<InputException>(() => Changed("gpt2-tiny-f32", "{", "{\"tie_word_embeddings\": false,")).Message;
        Assert.Contains("missing lm_head.weight", message, StringComparison.Ordinal);
    }

    private CausalLm Load(string name) => CausalLm.Load(Golden(name), device);

    /// <summary>A golden model with another config.</summary>
    private CausalLm Changed(string name, string from, string to)
    {
        Copy(name);
        string path = folder.File("config.json"), text = File.ReadAllText(path);
        Assert.Contains(from, text, StringComparison.Ordinal);
        int at = text.IndexOf(from, StringComparison.Ordinal);
        File.WriteAllText(path, string.Concat(text.AsSpan(0, at), to, text.AsSpan(at + from.Length)));
        return CausalLm.Load(folder.Path, device);
    }

    private void Copy(string name)
    {
        foreach (string file in Directory.GetFiles(Golden(name))) File.Copy(file, folder.File(Path.GetFileName(file)), overwrite: true);
    }

    private void Rewrite(Func<string, string[]> names)
    {
        string path = folder.File("model.safetensors");
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        SafeTensorsEntry[] entries = [.. file.Names.SelectMany(name =>
            names(name).Select(renamed => new SafeTensorsEntry(renamed, file.Load(name, device))))];
        SafeTensorsWriter.Write(path, entries);
    }

    private void WriteNeo(string attention) => File.WriteAllText(folder.File("config.json"), $$"""
        {"model_type": "gpt_neo", "hidden_size": 48, "num_layers": 4, "num_heads": 4, "max_position_embeddings": 40,
         "vocab_size": 211, "window_size": 6, {{attention}}}
        """);

    private LinearWeights QueriesTimes(LinearWeights qkv, float factor)
    {
        int C = qkv.Matrices[0].Value.Rows;
        Variable Scaled(Variable w) => device.From([.. w.Value.ToArray().Select((v, i) => i % (3 * C) < C ? v * factor : v)], w.Shape.Dims);
        return qkv with { Matrices = [Scaled(qkv.Matrices[0])], Bias = Scaled(qkv.Bias!) };
    }

    private static float[] Logits(CausalLm model)
    {
        int[] tokens = [.. Enumerable.Range(0, 17).Select(i => (i * 37 + 5) % model.Config.VocabSize)];
        return model.Logits(model.Hidden(new TokenBatch(tokens), model.NewCache(1, tokens.Length))).Value.ToArray();
    }

    private static void Close(float[] expected, float[] actual)
    {
        float scale = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++) Assert.InRange(actual[i], expected[i] - 2e-5f * scale, expected[i] + 2e-5f * scale);
    }

    private static string Golden(string name) => TestFiles.Golden(Path.Combine("families", name));
}
