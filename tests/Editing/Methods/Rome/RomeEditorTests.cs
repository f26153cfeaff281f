using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Editing.Methods.Rome;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Rome;

/// <summary>ROME from first principles, on the bundled model.</summary>
public sealed class RomeEditorTests : MethodTests
{
    private static readonly RomeEditor Editor = new();
    private static readonly EditRecord[] Records = [.. EditRecord.Load(TestFiles.Facts("counterfact"), 8)];

    [Theory]
    [InlineData(RomeSettings.Name, false)]
    [InlineData(RomeSettings.Name, true)]
    [InlineData("r-rome", false)]
    [InlineData("r-rome", true)]
    public void The_edited_weight_maps_the_key_to_the_new_value(string variant, bool withTemplates)
    {
        RomeSettings settings = Quick(variant) with { ShortTemplates = withTemplates ? 3 : 0 };
        TokenizedRequest request = Request(0);
        TeachingContext context = Context();
        Edit edit = Editor.Teach([request], new EditedModel(Model), settings, context).Single();

        PromptBatch prompts = Prompts(request, settings, context);
        SubjectStates read = SubjectStates.Of(Model, settings.Layer, prompts);
        SubjectState before = read.Edits[0];
        SubjectState after = SubjectStates.Of(Editor.Apply(new EditedModel(Model), [edit]).Model, settings.Layer, prompts).Edits[0];
        FoundValue wanted = ValueSearch.Find(Model, settings.Search, new ValueProblem(prompts, read.Below, [before.Output]), default)[0];
        float[] given = settings.MeanKey ? after.MeanOutput : after.Output;
        Assert.True(Distance(given, wanted.Value) < 1e-4 * Norm(wanted.Value), $"{Distance(given, wanted.Value)} of {Norm(wanted.Value)}");
        Assert.True(Distance(before.Output, wanted.Value) > 0.5 * Norm(before.Output)); // there was something to do
        Devices.SameBits(before.Key, after.Key, "the key lies below the change");
        Assert.Equal(wanted.Loss, edit.FinalLoss);
    }

    [Fact]
    public void With_one_template_both_variants_are_one()
    {
        Edit rome = Taught(Quick(RomeSettings.Name), 0), rebuilt = Taught(Quick("r-rome"), 0);
        Devices.SameBits(rome.Parts[0].Values, rebuilt.Parts[0].Values, "u");
        Assert.True(Distance(rome.Parts[1].Values, rebuilt.Parts[1].Values) < 1e-5 * Norm(rome.Parts[1].Values));
    }

    [Fact]
    public void The_losss_gradient_is_that_of_central_differences()
    {
        RomeSettings settings = Quick(RomeSettings.Name) with { ShortTemplates = 2, KlWeight = 2 };
        TokenizedRequest request = Request(2);
        PromptBatch prompts = Prompts(request, settings, Context());
        SubjectStates read = SubjectStates.Of(Model, settings.Layer, prompts);
        var loss = new ValueLoss(Model, settings.Search, new ValueProblem(prompts, read.Below, [read.Edits[0].Output]));
        int C = Model.Config.NEmbd;
        loss.At(Device.Zeros(new Shape(1, C))); // what was said before
        var rng = new Rng(1);
        float[] at = Normal(rng, C);
        var tape = new Tape();
        Variable delta = tape.Parameter(Device.From(at, 1, C));
        tape.Backward(loss.At(delta).Each);
        float[] gradient = delta.Gradient!.ToArray();
        for (int i = 0; i < 6; i++)
        {
            const float Step = 5e-3f;
            float[] direction = Normal(rng, C);
            double expected = (At(Step) - At(-Step)) / (2 * Step), actual = gradient.Zip(direction, (g, d) => (double)g * d).Sum();
            Assert.True(Math.Abs(expected - actual) < 0.01 * Norm(gradient) + 1e-3, $"direction {i}: {actual}, expected {expected}");

            double At(float step) => loss.At(Device.From([.. at.Zip(direction, (a, d) => a + step * d)], 1, C)).Each.Value.ToScalar();
        }
    }

    [Fact]
    public void A_withdrawn_edit_leaves_no_bit_behind()
    {
        RomeSettings settings = Quick(RomeSettings.Name);
        var edited = new EditedModel(Model);
        Edit[] edits = new Edit[2];
        for (int i = 0; i < edits.Length; i++)
        {
            edits[i] = Editor.Teach([Request(i)], edited, settings, Context()).Single();
            edited = Editor.Apply(edited, [edits[i]]);
        }

        Devices.SameBits(Weight(edited, settings), Weight(Editor.Apply(new EditedModel(Model), edits), settings), "one by one, at once");
        EditedModel none = Editor.Apply(new EditedModel(Model), [.. edits.Select(Withdrawn)]);
        Assert.Same(Model, none.Model);
        Assert.Null(none.FirstTouched);
        EditedModel second = Editor.Apply(new EditedModel(Model), [Withdrawn(edits[0]), edits[1]]);
        Devices.SameBits(Weight(Editor.Apply(new EditedModel(Model), [edits[1]]), settings), Weight(second, settings), "the second alone");
        Assert.Equal(settings.Layer, second.FirstTouched);
    }

    [Fact]
    public void Threads_do_not_matter()
    {
        RomeSettings settings = Quick(RomeSettings.Name) with { ShortTemplates = 2, Steps = 5 };
        using var one = new CpuDevice(1);
        Edit expected = Taught(settings, 3);
        Edit actual = Editor.Teach([Request(3)], new EditedModel(CausalLm.Load(TestFiles.Model, one)), settings, Context()).Single();
        foreach ((EditPart e, EditPart a) in expected.Parts.Zip(actual.Parts)) Devices.SameBits(e.Values, a.Values, e.Name);
        Assert.Equal(expected.FinalLoss, actual.FinalLoss);
    }

    [Fact]
    public void It_learns_single_edits()
    {
        RomeSettings settings = RomeSettings.For(Model.Config) with { Covariance = false };
        foreach (int i in (int[])[0, 2, 4, 7])
        {
            EditedModel edited = Editor.Apply(new EditedModel(Model), [Taught(settings, i)]);
            Assert.Equal(100, new Evaluator(edited, Tokens).Evaluate([Records[i]], new Triggers("", "")).Edited.Es);
        }
    }

    [Theory]
    [InlineData(null, "names no subject")]
    [InlineData("  ", "names no subject")]
    [InlineData("cap anson", "does not stand in the prompt")]
    public void A_request_without_its_subject_is_refused_by_name(string? subject, string expected)
    {
        var asked = new EditRequest("Cap Anson died in", "Rome", subject);
        TokenizedRequest request = Request(asked);
        var error = Assert.Throws<InputException>(() => Editor.Batches([request], Quick(RomeSettings.Name), Context()));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("Cap Anson died in", error.Message, StringComparison.Ordinal);
        Assert.Contains("Hint: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_subjects_last_token_is_found_behind_every_template()
    {
        TokenizedRequest request = Request(new EditRequest("Paris, says Paris Hilton's friend, lies in", "Rome", "Paris Hilton"));
        string[] templates = ["", "The language. ", "What is the. "];
        SubjectPrompts prompts = SubjectPrompts.Of(RomeEditor.Title, Tokens, request, templates, Model.Config.NPositions);
        for (int t = 0; t < templates.Length; t++)
        {
            Assert.Equal(templates[t] + "Paris, says Paris Hilton", Tokens.Decode(prompts.UpToSubject.ElementAt(t)));
        }
    }

    [Fact]
    public void A_missing_statistics_folder_says_which_command_makes_it()
    {
        RomeSettings settings = Quick(RomeSettings.Name) with { Covariance = true };
        var error = Assert.Throws<InputException>(() => Editor.Batches([Request(0)], settings, Context()));
        Assert.Contains($"model statistics --model … --text … --layer {settings.Layer}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpt2", 1600, 48, 17)]
    [InlineData("gpt2", 1280, 36, 12)]
    [InlineData("gpt_neo", 2560, 32, 5)]
    [InlineData("gptj", 4096, 28, 5)]
    [InlineData("gpt2", 768, 12, 4)] // nobody published one: a third of the way, as in GPT-2 XL
    public void Published_models_have_their_presets_and_others_scaled_ones(string type, int nEmbd, int nLayer, int layer)
    {
        ModelConfig config = Model.Config with { ModelType = type, NEmbd = nEmbd, NLayer = nLayer };
        RomeSettings rome = RomeSettings.For(config), rebuilt = RomeSettings.For(config, "r-rome");
        Assert.Equal(layer, rome.Layer);
        Assert.Equal((20, 0.5f, 4f, 0.0625f), (rome.Steps, rome.LearningRate, rome.Clamp, rome.KlWeight));
        Assert.Equal(rome with { MeanKey = true }, rebuilt);
        Assert.Throws<InputException>(() => RomeSettings.For(config, "emmet"));
    }

    private RomeSettings Quick(string variant) => RomeSettings.For(Model.Config, variant) with
    {
        Covariance = false,
        Steps = 8,
        ShortTemplates = 0,
        LongTemplates = 0,
    };

    private Edit Taught(RomeSettings settings, int record) =>
        Editor.Teach([Request(record)], new EditedModel(Model), settings, Context()).Single();

    private TokenizedRequest Request(int record) => Request(Records[record].ToRequest(""));

    private PromptBatch Prompts(TokenizedRequest request, RomeSettings settings, TeachingContext context)
    {
        PromptTemplates templates = RomeEditor.Templates(Model, Tokens, settings, context);
        return new PromptBatch(SubjectPrompts.Of(RomeEditor.Title, Tokens, request, templates.Texts, Model.Config.NPositions));
    }

    private static TeachingContext Context() => new() { Tokenizer = Tokens, BosId = 7014, EosId = 7014 };

    private static float[] Weight(EditedModel edited, RomeSettings settings) =>
        edited.Model.Blocks[settings.Layer].Mlp.Down.Matrices[0].Value.ToArray();

    private static float[] Normal(Rng rng, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)rng.NextNormal() / MathF.Sqrt(count))];
}
