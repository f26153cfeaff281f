using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Exchange;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Lora;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Lora;

/// <summary>One adapter for the edits of a batch, on the bundled model.</summary>
public sealed class LoraEditorTests : MethodTests
{
    private static readonly LoraEditor Editor = new();
    private static readonly LoraSettings Settings =
        LoraSettings.For(ModelConfig.Load(TestFiles.Model)) with { Layer = 4, Layers = 2, Epochs = 3, Texts = 16, StopLoss = 0 };

    private static readonly EditRequest[] Facts =
    [
        new("The Legend of Zelda is developed by", "Nintendo"),
        new("Lucian Freud died in", "the city of London"),
        new("Mike Trout plays in the position of", "outfielder"),
    ];

    [Fact]
    public void An_adapter_that_has_learnt_nothing_changes_no_bit()
    {
        Edit edit = Teach(Facts[..1], Settings with { Epochs = 0 })[0];
        EditPart[] second = [.. edit.Parts.Where(part => part.Name.EndsWith(".B", StringComparison.Ordinal))];
        Assert.Equal(4, second.Length);
        Assert.All(second.SelectMany(part => part.Values), b => Assert.Equal(0, b));
        Assert.Contains(edit.Part("3.mlp.c_proj.A")!.Values, a => a != 0);
        Assert.Equal(Logits(Model), Logits(Editor.Apply(new EditedModel(Model), [edit with { Batch = 1 }]).Model));
        CausalLm beside = AdapterPair.Added(Model, new LoraTraining(Model, Settings).Pairs, Settings.Scale);
        Assert.Equal(Logits(Model), Logits(beside));
    }

    [Fact]
    public void A_begins_as_kaimings_uniform_numbers()
    {
        foreach (AdapterPair pair in new LoraTraining(Model, Settings).Pairs)
        {
            float[] a = pair.A.Value.ToArray();
            double bound = 1 / Math.Sqrt(pair.A.Value.Columns);
            Assert.InRange(a.Max(Math.Abs), 0.99 * bound, bound);
            Assert.InRange(a.Average(), -0.05 * bound, 0.05 * bound);
            Assert.InRange(a.Sum(x => (double)x * x) / a.Length, 0.9 * bound * bound / 3, 1.1 * bound * bound / 3);
        }
    }

    [Fact]
    public void Merged_and_beside_the_weights_it_gives_the_same()
    {
        IReadOnlyList<Edit> edits = Teach(Facts, Settings);
        AdapterPair[] pairs = [.. Settings.Matrices.Select(matrix => AdapterPair.Of(edits[0], matrix, Device))];
        float[] beside = Logits(AdapterPair.Added(Model, pairs, Settings.Scale));
        float[] merged = Logits(Editor.Apply(new EditedModel(Model), edits).Model);
        Assert.InRange(Distance(beside, merged) / Norm(beside), 0, 1e-5);
        Assert.True(Distance(beside, Logits(Model)) / Norm(beside) > 1e-2);

        // The same where matrices lie [out,in].
        CausalLm turned = Settings.Matrices.Aggregate(Model, (model, matrix) => matrix.With(model, map => new LinearWeights(
            [Transposed(map.Matrices[0].Value)], map.Bias, IsOutIn: true)));
        float[] ofTurned = Logits(Editor.Apply(new EditedModel(turned), edits).Model);
        Assert.InRange(Distance(beside, ofTurned) / Norm(beside), 0, 1e-5);
    }

    [Fact]
    public void The_loss_has_the_gradient_that_differences_show()
    {
        EditTokens[] edits = [.. Facts.Select(fact => Request(fact).Tokens)];
        IReadOnlyList<AdapterPair> pairs = new LoraTraining(Model, Settings).Pairs;
        var rng = new Rng(5);
        foreach (AdapterPair pair in pairs) // where B is zero A has no gradient
            Device.Upload([.. Enumerable.Range(0, (int)pair.B.Value.Count).Select(_ => (float)(0.02 * rng.NextNormal()))], pair.B.Value);
        var texts = new AnswerTexts(Model, Settings.First, edits);
        var tape = new Tape();
        AdapterPair[] trained = [.. pairs.Select(pair => pair.On(tape))];
        tape.Backward(texts.Loss(AdapterPair.Added(Model, trained, Settings.Scale)));
        foreach ((Tensor at, Variable parameter) in pairs.Zip(trained).SelectMany(two =>
            new[] { (two.First.A.Value, two.Second.A), (two.First.B.Value, two.Second.B) }))
        {
            float[] values = at.ToArray(), gradient = parameter.Gradient!.ToArray();
            int strongest = Enumerable.Range(0, values.Length).MaxBy(i => Math.Abs(gradient[i]));
            double difference = (Loss(0.02f) - Loss(-0.02f)) / 0.04;
            Assert.InRange(gradient[strongest] / difference, 0.98, 1.02);

            double Loss(float by)
            {
                float[] shifted = [.. values];
                shifted[strongest] += by;
                Device.Upload(shifted, at);
                double loss = texts.LossPerEdit(AdapterPair.Added(Model, pairs, Settings.Scale)).Average();
                Device.Upload(values, at);
                return loss;
            }
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_and_another_others()
    {
        using var one = new CpuDevice(1);
        LoraSettings settings = Settings with { Chunk = 2 };
        IReadOnlyList<Edit> expected = Teach(Facts, settings), other = Teach(Facts, settings with { Seed = 2 });
        var again = new EditedModel(CausalLm.Load(TestFiles.Model, one));
        IReadOnlyList<Edit> actual = Editor.Teach([.. Facts.Select(Request)], again, settings, Context);
        foreach ((EditPart e, EditPart a) in expected[0].Parts.Zip(actual[0].Parts)) Assert.Equal(e.Values, a.Values);
        Assert.Equal(expected.Select(edit => edit.FinalLoss), actual.Select(edit => edit.FinalLoss));
        Assert.NotEqual(expected[0].Part("4.mlp.c_fc.A")!.Values, other[0].Part("4.mlp.c_fc.A")!.Values);
    }

    [Fact]
    public void The_divergence_keeps_the_model_on_its_own_texts()
    {
        LoraSettings settings = Settings with { Epochs = 10, LearningRate = 5e-3f };
        (double free, double kept) = (Moved(settings with { Divergence = 0 }), Moved(settings with { Divergence = 10 }));
        Assert.InRange(kept, 0, 0.8 * free);

        double Moved(LoraSettings how)
        {
            var texts = new UnrelatedTexts(Model, 64, 64, new Rng(99), Context); // others than those that were trained on
            return texts.Divergence(Editor.Apply(new EditedModel(Model), Teach(Facts, how)).Model).Value.ToScalar();
        }
    }

    [Fact]
    public void Training_ends_once_the_loss_is_small()
    {
        IReadOnlyList<Edit> edits = Teach(Facts[..1], Settings with { Epochs = 40, StopLoss = 0.5f, LearningRate = 5e-3f });
        float[] losses = edits[0].Part(EditPart.Losses)!.Values;
        Assert.InRange(losses.Length, 2, 39);
        Assert.True(losses[^1] < 0.5f && losses[^2] >= 0.5f);
        Assert.InRange(edits[0].FinalLoss!.Value, 0, 0.5);
    }

    [Fact]
    public void A_batch_comes_and_goes_as_a_whole()
    {
        LoraSettings settings = Settings with { Epochs = 1 };
        List<Edit> edits = [.. Teach(Facts[..2], settings).Select(edit => edit with { Batch = 1 })];
        EditedModel first = Editor.Apply(new EditedModel(Model), edits);
        edits.AddRange(Editor.Teach([Request(Facts[2])], first, settings, Context).Select(edit => edit with { Batch = 2 }));
        Assert.Empty(edits[1].Parts);
        EditedModel both = Editor.Apply(new EditedModel(Model), edits);
        Assert.Equal(Logits(both.Model), Logits(Editor.Apply(first, [edits[2]]).Model));
        Assert.Same(Model, Editor.Apply(new EditedModel(Model), [edits[0], Withdrawn(edits[1])]).Model);
        float[] second = Logits(Editor.Apply(new EditedModel(Model), [edits[2]]).Model);
        Assert.Equal(second, Logits(Editor.Apply(new EditedModel(Model), [edits[0], Withdrawn(edits[1]), edits[2]]).Model));
        Assert.Equal(second, Logits(Editor.Apply(new EditedModel(Model), [edits[1], edits[2]]).Model));
    }

    [Fact]
    public void A_store_of_its_edits_is_merged_into_a_folder()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        using var session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });
        session.UseMemory();
        session.Teach([.. Facts.Select(Request)], Settings, new TeachingOptions { Check = false });
        string target = Path.Combine(folder.Path, "merged");
        MergedModel merged = session.ExportMerged(target, dtype: DType.F32);
        Assert.Equal(4, merged.Changes.Count);
        IReadOnlyList<Edit> stored = session.Store.List(withParts: true, includeRemoved: false);
        float[] expected = Logits(Editor.Apply(new EditedModel(Model), stored).Model);
        Assert.Equal(expected, Logits(CausalLm.Load(target, Device)));
    }

    [Theory]
    [InlineData(6, 1, 8, 32, "LoRA is to adapt block 6, the model's are 0 to 5.")]
    [InlineData(1, 3, 8, 32, "LoRA is to adapt 3 blocks, the last being block 1, expected 1 to 2 blocks.")]
    [InlineData(1, 0, 8, 32, "LoRA is to adapt 0 blocks, the last being block 1, expected 1 to 2 blocks.")]
    [InlineData(4, 1, 0, 32, "LoRA: the adapter's rank is 0, expected at least 1.")]
    [InlineData(4, 1, 8, 0, "LoRA: 0 edits are to be taken in a step, expected at least 1.")]
    public void What_cannot_be_is_refused(int layer, int layers, int rank, int chunk, string message)
    {
        LoraSettings settings = Settings with { Layer = layer, Layers = layers, Rank = rank, Chunk = chunk };
        Assert.Equal(message, Assert.Throws<InputException>(() => Teach(Facts, settings)).Message);
    }

    [Fact]
    public void Parts_that_do_not_belong_together_are_told()
    {
        IReadOnlyList<Edit> edits = Teach(Facts[..2], Settings with { Epochs = 1 });
        int C = Model.Config.NEmbd;
        Assert.All(edits, edit => Assert.Null(Settings.Misfit(edit, C)));
        foreach (EditPart part in edits[0].Parts.Where(part => part.Name != EditPart.Losses))
            Assert.NotNull(Settings.Misfit(edits[0] with { Parts = [.. edits[0].Parts.Where(other => other != part)] }, C));
        Assert.NotNull((Settings with { Layers = 3 }).Misfit(edits[0], C));
        Assert.NotNull((Settings with { Rank = 4 }).Misfit(edits[0], C));
        Assert.NotNull(Settings.Misfit(edits[0], C + 1));
    }

    private static TeachingContext Context => new() { Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId };

    private IReadOnlyList<Edit> Teach(IReadOnlyList<EditRequest> facts, LoraSettings settings) =>
        Editor.Teach([.. facts.Select(Request)], new EditedModel(Model), settings, Context);

    private Tensor Transposed(Tensor x)
    {
        (float[] values, int rows, int columns) = (x.ToArray(), x.Rows, x.Columns);
        return Device.From([.. Enumerable.Range(0, rows * columns).Select(i => values[(i % rows * columns) + (i / rows)])], columns, rows);
    }

    /// <summary>The logits behind the prompts of all facts.</summary>
    private static float[] Logits(CausalLm model)
    {
        using BufferScope scope = model.Device.Scope();
        var tokens = new TokenBatch([.. Facts.Select(fact => Tokens.Encode(fact.Prompt))]);
        return model.Logits(model.Hidden(tokens, model.NewCache(tokens.B, tokens.T), rows: tokens.LastRows())).Value.ToArray();
    }
}
