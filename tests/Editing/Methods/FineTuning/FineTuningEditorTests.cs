using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.FineTuning;

/// <summary>Fine-tuning within a clamp, on the bundled model.</summary>
public sealed class FineTuningEditorTests : MethodTests
{
    private static readonly FineTuningEditor Editor = new();
    private static readonly EditRecord[] Records = [.. EditRecord.Load(TestFiles.Facts("counterfact"), 8)];
    private static readonly TeachingContext Context = new() { BosId = 7014, EosId = 7014 };

    [Fact]
    public void No_number_moves_farther_than_the_clamp()
    {
        FineTuningSettings settings = For(FineTuningSettings.Paper) with { LearningRate = 0.01f, Clamp = 0.0125f, Epochs = 4 };
        Edit edit = Editor.Teach([Request(1)], new EditedModel(Model), settings, Context).Single(); // which it cannot learn so soon
        EditPart[] moved = [.. edit.Parts.Where(part => part.Name != FineTunedWeights.Edits)];
        Assert.Equal(["4.mlp.c_fc.weight", "4.mlp.c_fc.bias", "4.mlp.c_proj.weight", "4.mlp.c_proj.bias"], moved.Select(part => part.Name));
        foreach (EditPart part in moved)
        {
            Assert.All(part.Values, value => Assert.InRange(value, -settings.Clamp, settings.Clamp));
            Assert.Contains(part.Values, value => Math.Abs(value) == settings.Clamp);
        }
    }

    [Theory]
    [InlineData(FineTuningSettings.Paper)]
    [InlineData(FineTuningSettings.FtL)]
    [InlineData(FineTuningSettings.FtM)]
    public void It_learns_single_edits(string variant)
    {
        foreach (int i in (int[])[0, 2, 4, 7])
        {
            Edit edit = Editor.Teach([Request(i)], new EditedModel(Model), For(variant), Context).Single();
            Assert.True(edit.FinalLoss < 0.1, $"record {i}: loss {edit.FinalLoss}");
            EditedModel edited = Editor.Apply(new EditedModel(Model), [edit]);
            Assert.Equal(100, new Evaluator(edited, Tokens).Evaluate([Records[i]], new Triggers("", "")).Edited.Es);
        }
    }

    [Fact]
    public void What_is_stored_is_what_was_trained()
    {
        FineTuningSettings settings = For(FineTuningSettings.Paper) with { Epochs = 3 };
        TokenizedRequest[] requests = [Request(0), Request(2), Request(3)];
        IReadOnlyList<Edit> edits = Editor.Teach(requests, new EditedModel(Model), settings, Context);
        CausalLm edited = Editor.Apply(new EditedModel(Model), edits).Model;
        var texts = new AnswerTexts(Model, settings.Layer, [.. requests.Select(request => request.Tokens)], settings.PromptLast);
        Assert.Equal(edits.Select(edit => edit.FinalLoss!.Value), texts.LossPerEdit(edited));
    }

    [Fact]
    public void The_losses_ask_where_their_variant_says()
    {
        var request = Request(new EditRequest("Cap Anson died in", "New York City"));
        int[] target = request.Tokens.Target;
        Assert.True(target.Length > 1);
        float[][] logits = [.. Logits(request.Tokens.Input).Chunk(Model.Config.VocabSize).Skip(request.Tokens.First)];
        double apart = target.Select((token, i) => Nll(logits[i], token)).Average();
        double last = target.Select(token => Nll(logits[0], token)).Average();
        Assert.Equal(apart, Untrained(FineTuningSettings.FtM), 1e-4);
        Assert.Equal(last, Untrained(FineTuningSettings.FtL), 1e-4);

        double Untrained(string variant) =>
            Editor.Teach([request], new EditedModel(Model), For(variant) with { Epochs = 0 }, Context).Single().FinalLoss!.Value;
    }

    [Fact]
    public void A_batch_comes_and_goes_as_a_whole()
    {
        FineTuningSettings settings = For(FineTuningSettings.Paper) with { Epochs = 2, Batch = 2 };
        var edited = new EditedModel(Model);
        var edits = new List<Edit>();
        foreach (IReadOnlyList<TokenizedRequest> portion in Editor.Batches([Request(0), Request(2), Request(3)], settings, Context))
        {
            long batch = 1 + edits.Count / 2;
            IReadOnlyList<Edit> made = [.. Editor.Teach(portion, edited, settings, Context).Select(edit => edit with { Batch = batch })];
            edited = Editor.Apply(edited, made);
            edits.AddRange(made);
        }

        Assert.Equal([1L, 1L, 2L], edits.Select(edit => edit.Batch));
        Assert.Empty(edits[1].Parts);
        Same(edited, Apply(edits), "batch by batch, at once");
        Assert.Same(Model, Apply([.. edits.Select(Withdrawn)]).Model);
        EditedModel second = Apply([edits[2]]);
        Same(second, Apply([edits[0], Withdrawn(edits[1]), edits[2]]), "one of the first batch withdrawn");
        Same(second, Apply([edits[0], edits[2]]), "one of the first batch removed");
        Same(second, Apply([edits[1], edits[2]]), "the holder of the first batch removed");
        Same(edited, Apply(edits), "restored");

        EditedModel Apply(IReadOnlyList<Edit> some) => Editor.Apply(new EditedModel(Model), some);
    }

    [Fact]
    public void Threads_do_not_matter()
    {
        FineTuningSettings settings = For(FineTuningSettings.Paper) with { Epochs = 2 };
        using var one = new CpuDevice(1);
        IReadOnlyList<Edit> expected = Editor.Teach([Request(0), Request(2)], new EditedModel(Model), settings, Context);
        var again = new EditedModel(CausalLm.Load(TestFiles.Model, one));
        IReadOnlyList<Edit> actual = Editor.Teach([Request(0), Request(2)], again, settings, Context);
        foreach ((EditPart e, EditPart a) in expected[0].Parts.Zip(actual[0].Parts)) Devices.SameBits(e.Values, a.Values, e.Name);
        Assert.Equal(expected.Select(edit => edit.FinalLoss), actual.Select(edit => edit.FinalLoss));
    }

    [Theory]
    [InlineData("gpt2", 1600, 48, 46, 5e-4f)]
    [InlineData("gptj", 4096, 28, 26, 5e-5f)]
    [InlineData("gpt2", 768, 12, 11, 5e-4f)]
    public void Published_models_have_their_presets_and_others_scaled_ones(string type, int nEmbd, int nLayer, int layer, float clamp)
    {
        ModelConfig config = Model.Config with { ModelType = type, NEmbd = nEmbd, NLayer = nLayer };
        FineTuningSettings paper = FineTuningSettings.For(config), ftL = FineTuningSettings.For(config, FineTuningSettings.FtL);
        Assert.Equal((layer, true, 1e-4f, 20, 5e-2f), (paper.Layer, paper.Up, paper.LearningRate, paper.Epochs, paper.Clamp));
        Assert.Equal((0, false, true, clamp), (ftL.Layer, ftL.Up, ftL.PromptLast, ftL.Clamp));
        Assert.Equal(ftL with { PromptLast = false }, FineTuningSettings.For(config, FineTuningSettings.FtM));
    }

    private FineTuningSettings For(string variant) => FineTuningSettings.For(Model.Config, variant);

    private TokenizedRequest Request(int record) => Request(Records[record].ToRequest(""));

    private float[] Logits(int[] tokens) =>
        Model.Logits(Model.Hidden(new TokenBatch(tokens), Model.NewCache(1, tokens.Length))).Value.ToArray();

    private static double Nll(float[] logits, int token) =>
        Math.Log(logits.Sum(z => Math.Exp(z - logits.Max()))) + logits.Max() - logits[token];

    private static void Same(EditedModel expected, EditedModel actual, string what)
    {
        foreach ((var e, var a) in expected.Model.Blocks[4].Mlp.Weights.Zip(actual.Model.Blocks[4].Mlp.Weights))
            Devices.SameBits(e.Value.ToArray(), a.Value.ToArray(), what);
    }
}
