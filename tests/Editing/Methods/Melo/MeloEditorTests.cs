using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Melo;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Melo;

/// <summary>MELO's first principles on the bundled model.</summary>
public sealed class MeloEditorTests : MethodTests
{
    private static readonly MeloEditor Editor = new();

    private static readonly EditRequest[] Facts =
    [
        new("The Legend of Zelda is developed by", "Nintendo"),
        new("Lucian Freud died in", "the city of London"),
        new("Mike Trout plays in the position of", "outfielder"),
    ];

    private MeloSettings Settings => MeloSettings.For(Model.Config) with { Steps = 12, Batch = 2 };

    [Fact]
    public void The_matrices_give_what_they_gave_and_the_product_of_both_halves()
    {
        Edit edit = Teach(Settings)[0];
        CausalLm adapted = Reading(Editor.Apply(new EditedModel(Model), [edit]), edit).Model;
        foreach (int layer in (int[])[4, 5])
        {
            float[] x = [.. Enumerable.Range(0, 256).Select(i => MathF.Sin(i * (layer + 1)))];
            float[] a = edit.Part($"{layer}.mlp.c_fc.A")!.Values, b = edit.Part($"{layer}.mlp.c_fc.B")!.Values;
            float[] before = Up(Model, layer, x), after = Up(adapted, layer, x);
            double[] low = [.. Enumerable.Range(0, 2).Select(r => x.Select((v, c) => (double)v * a[(r * 256) + c]).Sum())];
            for (int o = 0; o < before.Length; o++)
            {
                double expected = before[o] + (Settings.Scale * ((low[0] * b[o]) + (low[1] * b[1024 + o])));
                Assert.Equal(expected, after[o], 1e-4 * (1 + Math.Abs(expected)));
            }

            Assert.NotEqual(before, after);
            Assert.All(a, v => Assert.InRange(v, -0.2f, 0.2f));
        }

        Assert.Same(Model.Blocks[3], adapted.Blocks[3]);

        float[] Up(CausalLm model, int layer, float[] x) => model.Blocks[layer].Mlp.Up.Forward(Device.From(x, 1, 256)).Value.ToArray();
    }

    [Fact]
    public void The_key_is_what_the_matrix_below_gives_where_the_prompt_ends()
    {
        foreach (Edit edit in Teach(Settings))
        {
            float[] seen = [];
            Opening look = Opening.Look(3, Site.MlpHidden, Reach.Last, passing => seen = passing.Value.ToArray());
            Model.Hidden(new TokenBatch(edit.PromptTokens), Model.NewCache(1, edit.PromptTokens.Length), [look]);
            float[] hidden = [.. edit.Part("key")!.Values.Select(x =>
                (float)(0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))))))];
            Assert.InRange(Distance(seen, hidden), 0, 1e-3);
        }
    }

    [Fact]
    public void Before_it_is_trained_a_block_does_nothing_and_training_lowers_each_loss()
    {
        foreach (Edit edit in Teach(Settings))
        {
            float[] losses = edit.Part("losses")!.Values;
            Assert.Equal(13, losses.Length);
            Assert.Equal(Loss(Model, edit), losses[0], 1e-4);
            Assert.Equal(losses[^1], edit.FinalLoss!.Value);
            Assert.True(losses[^1] < losses[0] - 0.5, $"from {losses[0]} to {losses[^1]}");
            Assert.Equal(losses[^1], Loss(Reading(Editor.Apply(new EditedModel(Model), [edit]), edit).Model, edit), 1e-3);
        }
    }

    [Fact]
    public void Edits_of_a_batch_are_read_by_one_model_and_others_by_another()
    {
        IReadOnlyList<Edit> edits = Teach(Settings);
        EditedModel edited = Editor.Apply(new EditedModel(Model), edits);
        CausalLm[] models = [.. edits.Select(edit => Reading(edited, edit).Model)];
        Assert.Same(models[0], models[1]);
        Assert.NotSame(models[0], models[2]);
        Assert.Same(Model, edited.Reading(Request(new EditRequest("Angela Merkel worked in", "Paris")).Tokens.Prompt).Model);
    }

    [Fact]
    public void A_batch_stays_when_its_first_edit_goes()
    {
        List<Edit> edits = Teach(Settings);
        double loss = Loss(Reading(Editor.Apply(new EditedModel(Model), edits), edits[1]).Model, edits[1]);
        foreach (Edit[] left in (Edit[][])[[edits[1], edits[2]], [Withdrawn(edits[0]), edits[1], edits[2]]])
        {
            EditedModel edited = Editor.Apply(new EditedModel(Model), left);
            Assert.Equal(loss, Loss(Reading(edited, edits[1]).Model, edits[1]));
            Assert.Same(Model, Reading(edited, edits[0]).Model);
        }
    }

    [Fact]
    public void Threads_do_not_matter()
    {
        using var single = new CpuDevice(1);
        EditedModel there = new(CausalLm.Load(TestFiles.Model, single));
        IReadOnlyList<Edit> one = Editor.Teach([Request(Facts[0]), Request(Facts[1])], there, Settings, Context);
        IReadOnlyList<Edit> two = Editor.Teach([Request(Facts[0]), Request(Facts[1])], new EditedModel(Model), Settings, Context);
        foreach ((Edit a, Edit b) in one.Zip(two))
            Assert.Equal(a.Parts.Select(part => part.Values), b.Parts.Select(part => part.Values));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(6, 2)]
    [InlineData(5, 0)]
    public void Blocks_that_the_model_does_not_have_are_refused(int layer, int layers)
    {
        var fault = Assert.Throws<InputException>(() => Teach(Settings with { Layer = layer, Layers = layers }));
        Assert.Equal(
            $"MELO is to edit {layers} blocks, the last being block {layer}, with rank 2, expected 1 to 5 blocks with one below them, "
            + "and a rank of at least 1.", fault.Message);
    }

    [Fact]
    public void Parts_that_are_not_an_edits_are_told()
    {
        Edit edit = Teach(Settings with { Steps = 1 })[0];
        Assert.Null(Settings.Misfit(edit, 256));
        Assert.Equal("it has no part '4.mlp.c_fc.A' of [2,257]", Settings.Misfit(edit, 257));
        Assert.Equal("it has no part '4.mlp.c_fc.A' of [3,256]", (Settings with { Rank = 3 }).Misfit(edit, 256));
        foreach (EditPart part in edit.Parts.Where(part => part.Name != "losses"))
            Assert.Contains($"'{part.Name}'", Settings.Misfit(edit with { Parts = [.. edit.Parts.Where(p => p != part)] }, 256));
    }

    [Fact]
    public void Costs_count_what_is_stored()
    {
        EditorCosts costs = Editor.Costs([.. Facts.Select(Request)], Model.Config, Settings);
        Assert.Equal(Teach(Settings).Sum(edit => edit.Parts.Sum(part => part.Values.Length)), costs.Stored);
        Assert.Equal(2, costs.Batches);
    }

    [Theory]
    [InlineData("gpt2", 1600, 48, 37)]
    [InlineData("gptj", 4096, 28, 21)]
    [InlineData("gpt2", 64, 2, 1)]
    public void Published_models_have_their_presets_and_others_scaled_ones(string type, int nEmbd, int nLayer, int layer)
    {
        var settings = MeloSettings.For(Model.Config with { ModelType = type, NEmbd = nEmbd, NLayer = nLayer });
        Assert.Equal(new MeloSettings { Layer = layer }, settings);
    }

    private static TeachingContext Context => new() { BosId = Tokens.BosId, EosId = Tokens.EosId };

    private List<Edit> Teach(MeloSettings settings)
    {
        var edits = new List<Edit>();
        foreach (IReadOnlyList<TokenizedRequest> batch in Editor.Batches([.. Facts.Select(Request)], settings, Context))
        {
            foreach (Edit edit in Editor.Teach(batch, new EditedModel(Model), settings, Context))
                edits.Add(edit with { Id = edits.Count + 1 });
        }

        return edits;
    }

    private static PromptReading Reading(EditedModel edited, Edit edit) => edited.Reading(edit.PromptTokens);

    private static double Loss(CausalLm model, Edit edit)
    {
        int[] text = [.. edit.PromptTokens, .. edit.TargetTokens[..^1]];
        float[][] logits = [.. model.Logits(model.Hidden(new TokenBatch(text), model.NewCache(1, text.Length))).Value
            .ToArray().Chunk(model.Config.VocabSize)];
        return edit.TargetTokens.Select((token, i) => Nll(logits[edit.PromptTokens.Length - 1 + i], token)).Average();
    }

    private static double Nll(float[] logits, int token) =>
        Math.Log(logits.Sum(z => Math.Exp(z - logits.Max()))) + logits.Max() - logits[token];
}
