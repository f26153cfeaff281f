using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Lora;
using Sharpformer.Editing.Methods.Sola;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Sola;

/// <summary>An adapter for each edit, on the bundled model.</summary>
public sealed class SolaEditorTests : MethodTests
{
    private static readonly SolaEditor Editor = new();
    private static readonly SolaSettings Settings = SolaSettings.For(ModelConfig.Load(TestFiles.Model));

    private static readonly EditRequest[] Facts =
    [
        new("The Legend of Zelda is developed by", "Nintendo"),
        new("Lucian Freud died in", "the city of London"),
        new("Mike Trout plays in the position of", "outfielder"),
    ];

    private static readonly string[] Others = ["Toyota Camry is produced by", "Paris is the capital of", "The"];

    // What is taught is plain data, which outlives the device that it was taught on.
    private static readonly Lazy<List<Edit>> Taught = new(() =>
    {
        using var device = new CpuDevice(1);
        return Teach(CausalLm.Load(TestFiles.Model, device), Facts, Settings);
    });

    [Fact]
    public void A_prompt_that_resembles_no_edits_own_is_read_by_the_base_model()
    {
        EditedModel edited = Editor.Apply(new EditedModel(Model), Taught.Value);
        foreach (string prompt in Others)
        {
            int[] tokens = Tokens.Encode(prompt);
            Assert.Same(Model, edited.Reading(tokens).Model);
            Assert.Equal(Logits(new EditedModel(Model), tokens), Logits(edited, tokens));
        }
    }

    [Fact]
    public void An_edits_own_prompt_is_read_with_its_adapter_alone()
    {
        EditedModel edited = Editor.Apply(new EditedModel(Model), Taught.Value);
        foreach (Edit edit in Taught.Value)
        {
            float[] own = Logits(edited, edit.PromptTokens);
            Assert.Equal(Logits(Editor.Apply(new EditedModel(Model), [edit]), edit.PromptTokens), own);
            CausalLm merged = Settings.Matrices.Aggregate(Model, (model, matrix) => matrix.With(model, map => map with
            {
                Matrices = [Device.From(
                    [.. map.Matrices[0].Value.ToArray().Zip(Product(edit, matrix), (w, d) => w + d)],
                    map.Matrices[0].Value.Rows, map.Matrices[0].Value.Columns)],
            }));
            float[] expected = Logits(new EditedModel(Model) { Model = merged }, edit.PromptTokens);
            Assert.InRange(Distance(expected, own) / Norm(expected), 0, 1e-5);
            Assert.NotEqual(Logits(new EditedModel(Model), edit.PromptTokens), own);
        }
    }

    [Fact]
    public void An_edit_that_leaves_takes_every_bit_along()
    {
        EditedModel never = Editor.Apply(new EditedModel(Model), [Taught.Value[0], Taught.Value[2]]);
        EditedModel withdrawn = Editor.Apply(new EditedModel(Model), [Taught.Value[0], Withdrawn(Taught.Value[1]), Taught.Value[2]]);
        foreach (int[] prompt in Prompts()) Assert.Equal(Logits(never, prompt), Logits(withdrawn, prompt));
        Assert.Equal(Logits(new EditedModel(Model), Taught.Value[1].PromptTokens), Logits(withdrawn, Taught.Value[1].PromptTokens));
        Assert.Empty(Editor.Apply(new EditedModel(Model), [.. Taught.Value.Select(Withdrawn)]).Routers);
    }

    [Fact]
    public void The_order_of_teaching_matters_to_no_logit()
    {
        List<Edit> turned = Teach(Model, [Facts[2], Facts[0], Facts[1]], Settings with { Batch = 1 });
        EditedModel one = Editor.Apply(new EditedModel(Model), Taught.Value), other = Editor.Apply(new EditedModel(Model), turned);
        foreach (int[] prompt in Prompts()) Assert.Equal(Logits(one, prompt), Logits(other, prompt));
        foreach ((EditPart expected, EditPart actual) in Taught.Value[0].Parts.Zip(turned[1].Parts))
            Assert.Equal(expected.Values, actual.Values);
    }

    [Fact]
    public void An_adapter_that_has_learnt_nothing_changes_no_bit()
    {
        EditTokens edit = Request(Facts[0]).Tokens;
        AdapterPair[] pairs = new SolaTraining(Model, Settings).Begin(edit);
        CausalLm adapted = AdapterPair.Added(Model, pairs, Settings.Scale);
        Assert.Equal(Logits(new EditedModel(Model), edit.Prompt), Logits(new EditedModel(Model) { Model = adapted }, edit.Prompt));
        double square = pairs[1].A.Value.ToArray().Sum(a => (double)a * a); // r rows of about unit length
        Assert.InRange(square / Settings.Rank, 0.8, 1.2);
    }

    [Fact]
    public void Its_first_step_goes_down_the_gradient_that_differences_show()
    {
        EditTokens edit = Request(Facts[1]).Tokens;
        const float Rate = 0.05f, Step = 0.02f;
        SolaSettings settings = Settings with { Adam = false, LearningRate = Rate, Epochs = 1 };
        var training = new SolaTraining(Model, settings);
        float[][] moved = [.. training.Train(edit, default).Parts.Where(part => part.Name.EndsWith(".B", StringComparison.Ordinal))
            .Select(part => part.Values)];
        AdapterPair[] pairs = training.Begin(edit);
        var texts = new AnswerTexts(Model, settings.Layer, [edit]);
        for (int p = 0; p < pairs.Length; p++)
        {
            float[] b = pairs[p].B.Value.ToArray();
            foreach (int at in Enumerable.Range(0, b.Length).OrderByDescending(i => Math.Abs(moved[p][i])).Take(4))
            {
                double difference = (Loss(Step) - Loss(-Step)) / (2 * Step);
                Assert.InRange(moved[p][at] / (-Rate * difference), 0.99, 1.01);

                double Loss(float by)
                {
                    float[] shifted = [.. b];
                    shifted[at] += by;
                    Device.Upload(shifted, pairs[p].B.Value);
                    double loss = texts.LossPerEdit(AdapterPair.Added(Model, pairs, settings.Scale))[0];
                    Device.Upload(b, pairs[p].B.Value);
                    return loss;
                }
            }
        }
    }

    [Fact]
    public void The_published_training_learns_too()
    {
        SolaSettings published = SolaSettings.For(Model.Config, SolaSettings.Published);
        Assert.False(published.Adam);
        foreach (EditRequest fact in Facts)
            Assert.InRange(new SolaTraining(Model, published).Train(Request(fact).Tokens, default).Loss, 0, 0.1);
    }

    [Fact]
    public void What_prompts_are_known_by_is_made_once_for_a_seed_and_block()
    {
        EditedModel soFar = Editor.Apply(new EditedModel(Model), [Taught.Value[0]]);
        Assert.Same(Taught.Value[0].Part("mean")!.Values, Next(Settings).Part("mean")!.Values);
        SolaSettings[] others = [Settings with { Seed = 2 }, Settings with { KeyLayer = 1 }];
        foreach (SolaSettings other in others)
        {
            Edit next = Next(other) with { Id = 9, Batch = 9 };
            Assert.NotEqual(Taught.Value[0].Part("mean")!.Values, next.Part("mean")!.Values);
            EditedModel both = Editor.Apply(soFar, [next]), atOnce = Editor.Apply(new EditedModel(Model), [Taught.Value[0], next]);
            Assert.Equal(2, both.Routers.Count);
            foreach (int[] prompt in Prompts()) Assert.Equal(Logits(both, prompt), Logits(atOnce, prompt));
            Tensor read = both.Routers[1].Read(Model, [next.PromptTokens]);
            Assert.Equal(next.Id, both.Routers[1].Fire(read, RowTokens.AtEnds(next.PromptTokens))[0].Edit);
        }

        Edit Next(SolaSettings settings) =>
            Editor.Teach([Request(Facts[1])], soFar, settings with { Epochs = 2 }, Context).Single();
    }

    [Theory]
    [InlineData(6, 2, 4, "SoLA is to edit block 6 and to know prompts by block 2, the model's are 0 to 5.")]
    [InlineData(4, 7, 4, "SoLA is to edit block 4 and to know prompts by block 7, the model's are 0 to 5.")]
    [InlineData(4, 2, 0, "SoLA: the adapter's rank is 0, expected at least 1.")]
    public void What_the_model_does_not_have_is_refused(int layer, int keyLayer, int rank, string message)
    {
        SolaSettings settings = Settings with { Layer = layer, KeyLayer = keyLayer, Rank = rank };
        var fault = Assert.Throws<InputException>(() => Teach(Model, Facts, settings));
        Assert.Equal(message, fault.Message);
    }

    [Fact]
    public void Parts_that_do_not_belong_together_are_told()
    {
        Edit edit = Taught.Value[1];
        int C = Model.Config.NEmbd;
        Assert.Null(Settings.Misfit(edit, C));
        foreach (EditPart part in edit.Parts.Where(part => part.Name != EditPart.Losses))
            Assert.NotNull(Settings.Misfit(edit with { Parts = [.. edit.Parts.Where(other => other != part)] }, C));
        Assert.NotNull((Settings with { Layer = 3 }).Misfit(edit, C));
        Assert.NotNull((Settings with { Rank = 3 }).Misfit(edit, C));
        Assert.NotNull(Settings.Misfit(edit, C + 1));
    }

    [Theory]
    [InlineData("gpt2", 1600, 48, 36, 23)]
    [InlineData("gptj", 4096, 28, 21, 13)]
    [InlineData("gpt2", 768, 12, 9, 5)]
    public void Models_without_a_preset_are_edited_at_the_same_part_of_their_depth(string type, int nEmbd, int nLayer, int layer, int key)
    {
        SolaSettings settings = SolaSettings.For(Model.Config with { ModelType = type, NEmbd = nEmbd, NLayer = nLayer });
        Assert.Equal((layer, key), (settings.Layer, settings.KeyLayer));
    }

    private static TeachingContext Context { get; } = new() { Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId };

    private static List<Edit> Teach(CausalLm model, IReadOnlyList<EditRequest> facts, SolaSettings settings)
    {
        TeachingContext context = Context;
        var soFar = new EditedModel(model);
        var edits = new List<Edit>();
        TokenizedRequest[] requests = [.. facts.Select(fact => TokenizedRequest.Of(Tokens, fact, model.Config.NPositions))];
        foreach (IReadOnlyList<TokenizedRequest> portion in Editor.Batches(requests, settings, context))
        {
            Edit[] made = [.. Editor.Teach(portion, soFar, settings, context).Select((edit, i) => edit with { Id = edits.Count + i + 1 })];
            soFar = Editor.Apply(soFar, made);
            edits.AddRange(made);
        }

        return edits;
    }

    private static IEnumerable<int[]> Prompts() => [.. Facts.Select(fact => Tokens.Encode(fact.Prompt)), .. Others.Select(Tokens.Encode)];

    /// <summary>B·A of an edit in float64, as the bundled model's matrices lie: <c>[in,out]</c>.</summary>
    private static float[] Product(Edit edit, MlpMatrix matrix)
    {
        EditPart a = edit.Part($"{matrix.Name}.A")!, b = edit.Part($"{matrix.Name}.B")!;
        (int r, int inputs, int outputs) = (a.Shape[0], a.Shape[1], b.Shape[0]);
        return [.. Enumerable.Range(0, inputs * outputs).Select(i => (float)Enumerable.Range(0, r)
            .Sum(k => (double)a.Values[(k * inputs) + (i / outputs)] * b.Values[((i % outputs) * r) + k]))];
    }

    private float[] Logits(EditedModel edited, int[] prompt)
    {
        using BufferScope scope = Device.Scope();
        PromptReading reading = edited.Reading(prompt);
        return new DecodeSession(reading.Model, 1, reading.Tokens.Length, reading.Openings)
            .Advance(new TokenBatch(reading.Tokens)).ToArray();
    }
}
