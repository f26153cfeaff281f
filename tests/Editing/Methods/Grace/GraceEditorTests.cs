using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Grace;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Grace;

/// <summary>GRACE's first principles on the bundled model.</summary>
public sealed class GraceEditorTests : MethodTests
{
    private static readonly GraceEditor Editor = new();

    private static readonly EditRequest[] Facts =
    [
        new("The Legend of Zelda is developed by", "Nintendo"),
        new("Lucian Freud died in", "the city of London"),
        new("Mike Trout plays in the position of", "outfielder"),
    ];

    private GraceSettings Settings => GraceSettings.For(Model.Config) with { Radius = 1, Steps = 12 };

    [Fact]
    public void The_matrix_gives_the_value_at_the_last_prompt_token_and_what_it_gave_elsewhere()
    {
        Edit edit = Teach(Facts[1], Settings);
        EditedModel edited = Editor.Apply(new EditedModel(Model), [edit]);
        int[] text = [.. edit.PromptTokens, .. edit.TargetTokens];
        int end = edit.PromptTokens.Length - 1;
        float[][] without = Hidden([]), with = Hidden(edited.Reading(edit.PromptTokens).Openings);
        for (int t = 0; t < text.Length; t++)
        {
            float[] expected = t == end ? [.. edit.Part("value")!.Values.Select(Gelu)] : without[t];
            for (int c = 0; c < expected.Length; c++) Assert.Equal(expected[c], with[t][c], 1e-5f * (1 + Math.Abs(expected[c])));
        }

        float[][] Hidden(IReadOnlyList<Opening> openings)
        {
            float[] seen = [];
            Opening look = Opening.Look(Settings.Layer, Site.MlpHidden, Reach.All, passing => seen = passing.Value.ToArray());
            Model.Hidden(new TokenBatch(text), Model.NewCache(1, text.Length), [.. openings, look]);
            return [.. seen.Chunk(seen.Length / text.Length)];
        }

        static float Gelu(float x) => (float)(0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))));
    }

    [Fact]
    public void The_key_is_what_the_mlp_of_the_base_model_reads_there()
    {
        Edit edit = Teach(Facts[0], Settings);
        float[] seen = [];
        Opening look = Opening.Look(Settings.Layer, Site.MlpInput, Reach.Last, passing => seen = passing.Value.ToArray());
        Model.Hidden(new TokenBatch(edit.PromptTokens), Model.NewCache(1, edit.PromptTokens.Length), [look]);
        Assert.InRange(Distance(seen, edit.Part("key")!.Values), 0, 1e-4);
    }

    [Fact]
    public void The_last_loss_is_that_of_the_stored_value_and_lower_than_the_first()
    {
        foreach (bool warm in (bool[])[false, true])
        {
            Edit edit = Teach(Facts[1], Settings with { Warm = warm, LearningRate = 0.1f });
            float[] losses = edit.Part("losses")!.Values;
            Assert.Equal(13, losses.Length);
            Assert.Equal(losses[^1], edit.FinalLoss!.Value);
            Assert.True(losses[^1] < 0.8 * losses[0], $"from {losses[0]} to {losses[^1]}");
            Assert.Equal(losses[^1], Loss(Editor.Apply(new EditedModel(Model), [edit with { Id = 1 }]), edit), 1e-4);
            if (warm) Assert.Equal(Loss(new EditedModel(Model), edit), losses[0], 1e-4);
        }
    }

    [Fact]
    public void An_edit_is_the_same_whoever_is_taught_beside_it_and_on_any_number_of_threads()
    {
        EditedModel alone = new(Model);
        IReadOnlyList<Edit> together = Editor.Teach([.. Facts.Select(Request)], alone, Settings, Context);
        EditedModel edited = Editor.Apply(alone, [together[0] with { Id = 1 }]);
        for (int i = 1; i < Facts.Length; i++)
        {
            Edit one = Editor.Teach([Request(Facts[i])], edited, Settings, Context)[0];
            Assert.Equal(one.Part("key")!.Values, together[i].Part("key")!.Values);
            Assert.Equal(one.Part("value")!.Values, together[i].Part("value")!.Values);
        }

        using var single = new CpuDevice(1);
        EditedModel there = new(CausalLm.Load(TestFiles.Model, single));
        IReadOnlyList<Edit> again = Editor.Teach([.. Facts.Select(Request)], there, Settings, Context);
        Assert.Equal(together.Select(edit => edit.Part("value")!.Values), again.Select(edit => edit.Part("value")!.Values));
    }

    [Fact]
    public void As_published_an_edit_that_joins_an_entry_goes_on_from_its_value()
    {
        GraceSettings settings = Settings with { AsPublished = true, Radius = 1000 };
        Edit first = Teach(Facts[0], settings);
        EditedModel edited = Editor.Apply(new EditedModel(Model), [first]);
        EditRequest same = new("The Super Mario is developed by", "Nintendo"), other = new("The Super Mario is developed by", "Sega");
        Assert.Equal(first.Part("value")!.Values, Start(same));
        Assert.NotEqual(first.Part("value")!.Values, Start(other));

        float[] Start(EditRequest request) =>
            Editor.Teach([Request(request)], edited, settings with { Steps = 0 }, Context)[0].Part("value")!.Values;
    }

    [Fact]
    public void Blocks_that_the_model_does_not_have_are_refused()
    {
        var fault = Assert.Throws<InputException>(() => Teach(Facts[0], Settings with { Layer = 6 }));
        Assert.Equal("GRACE is to edit block 6, expected one from 0 to 5.", fault.Message);
    }

    [Fact]
    public void Parts_that_are_not_an_edits_are_told()
    {
        Edit edit = Teach(Facts[0], Settings with { Steps = 0 });
        Assert.Null(Settings.Misfit(edit, Model.Config.NEmbd));
        Assert.Equal("it has no part 'key' of [257]", Settings.Misfit(edit, 257));
        Assert.Equal("it has no part 'value' of one dimension", Settings.Misfit(edit with { Parts = [.. edit.Parts.Take(1)] }, 256));
    }

    [Fact]
    public void Costs_count_what_is_stored()
    {
        TokenizedRequest[] requests = [.. Facts.Select(Request)];
        EditorCosts costs = Editor.Costs(requests, Model.Config, Settings);
        IReadOnlyList<Edit> edits = Editor.Teach(requests, new EditedModel(Model), Settings, Context);
        Assert.Equal(edits.Sum(edit => edit.Parts.Sum(part => part.Values.Length)), costs.Stored);
        Assert.Equal(1, costs.Batches);
        Assert.Equal(3, Editor.Costs(requests, Model.Config, Settings with { AsPublished = true }).Batches);
    }

    [Theory]
    [InlineData("gpt2", 1600, 48, 35)]
    [InlineData("gptj", 4096, 28, 20)]
    [InlineData("gpt2", 768, 12, 8)]
    public void Published_models_have_their_presets_and_others_scaled_ones(string type, int nEmbd, int nLayer, int layer)
    {
        var settings = GraceSettings.For(Model.Config with { ModelType = type, NEmbd = nEmbd, NLayer = nLayer });
        Assert.Equal(new GraceSettings { Layer = layer }, settings);
    }

    private static TeachingContext Context => new() { BosId = Tokens.BosId, EosId = Tokens.EosId };

    private Edit Teach(EditRequest fact, GraceSettings settings) =>
        Editor.Teach([Request(fact)], new EditedModel(Model), settings, Context)[0] with { Id = 1 };

    private double Loss(EditedModel edited, Edit edit)
    {
        PromptReading reading = edited.Reading(edit.PromptTokens);
        int[] text = [.. edit.PromptTokens, .. edit.TargetTokens[..^1]];
        float[][] logits = [.. reading.Model.Logits(
            reading.Model.Hidden(new TokenBatch(text), reading.Model.NewCache(1, text.Length), reading.Openings)).Value
            .ToArray().Chunk(Model.Config.VocabSize)];
        return edit.TargetTokens.Select((token, i) => Nll(logits[edit.PromptTokens.Length - 1 + i], token)).Average();
    }

    private static double Nll(float[] logits, int token) =>
        Math.Log(logits.Sum(z => Math.Exp(z - logits.Max()))) + logits.Max() - logits[token];
}
