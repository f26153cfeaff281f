using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Editing.Methods.Memit;
using Sharpformer.Editing.Methods.Pmet;
using Sharpformer.Tests.Editing.Methods.Locating;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Pmet;

/// <summary>PMET from first principles, on the bundled model.</summary>
public sealed class PmetEditorTests : MethodTests
{
    private static readonly PmetEditor Editor = new();

    [Fact]
    public void A_block_takes_the_root_of_its_share_of_what_the_mlp_lacks()
    {
        PmetSettings settings = Settings();
        SubjectPrompts[] prompts = [Prompts()];
        float[] wanted = BatchTeaching.Values(Model, settings, new PromptBatch(prompts), default)[0].Value;
        Edit edit = Editor.Teach([Request()], new EditedModel(Model), settings, BundledStatistics.Context(Tokens))[0];
        float[] output = SubjectStates.Of(Model, settings.Layer, new PromptBatch(prompts)).Edits[0].Output;
        float[] expected = [.. wanted.Zip(output, (z, now) => (float)((z - now) / Math.Sqrt(2)))];
        Assert.True(Distance(expected, BatchParts.Column(edit, 1).Residual) < 1e-5 * Norm(expected));
        Assert.Equal(settings.Share(1), MemitShare(1)); // at the last block both take all
        Assert.NotEqual(settings.Share(2), MemitShare(2));
    }

    [Fact]
    public void Without_the_attentions_delta_the_value_is_found_where_the_mlp_will_give_it()
    {
        PmetSettings settings = Settings() with { AttentionDelta = false, Steps = 1 };
        var prompts = new PromptBatch(Prompts());
        SubjectState state = SubjectStates.Of(Model, settings.Layer, prompts).Edits[0];
        FoundValue first = BatchTeaching.Values(Model, settings, prompts, default)[0];
        Devices.SameBits(state.Output, first.Value, "the MLP's own output, as nothing has moved");
        FoundValue both = BatchTeaching.Values(Model, settings with { AttentionDelta = true }, prompts, default)[0];
        Devices.SameBits(state.Output, both.Value, "the same with both");
        Assert.Equal(first.Loss, both.Loss, 1e-4); // the block made again from the stream between attention and MLP
        Assert.NotEqual(
            BatchTeaching.Values(Model, settings with { Steps = 4 }, prompts, default)[0].Value,
            BatchTeaching.Values(Model, settings with { Steps = 4, AttentionDelta = true }, prompts, default)[0].Value);
    }

    [Fact]
    public void The_stream_between_attention_and_mlp_is_what_the_block_adds_the_mlp_to()
    {
        var prompts = new PromptBatch(Prompts());
        SubjectStates states = SubjectStates.Of(Model, 2, prompts);
        AttentionStates attention = AttentionStates.Of(Model, 2, prompts);
        float[] middle = attention.Middle.ToArray()[..Model.Config.NEmbd];
        float[] before = SubjectStates.Of(Model, 1, prompts).Edits[0].Stream;
        for (int c = 0; c < middle.Length; c++)
        {
            Assert.Equal(states.Edits[0].Stream[c], middle[c] + states.Edits[0].Output[c], 1e-4);
            Assert.Equal(middle[c], before[c] + attention.Outputs[0][c], 1e-4);
        }
    }

    [Fact]
    public void Over_one_block_and_without_what_is_its_own_it_is_memit()
    {
        // The MLP's output and the block's differ by what stands before the MLP, so the same δ is missing at both. What is left to differ
        // is what a δ is measured by: ‖m₀‖ or ‖h₀‖.
        PmetSettings pmet = Settings() with { AttentionDelta = false, Layers = 1, WeightDecay = 0, Clamp = 1e6f, LearningRate = 0.5f };
        var memit = new MemitSettings
        {
            Layer = pmet.Layer,
            Steps = pmet.Steps,
            LearningRate = pmet.LearningRate,
            LossLayer = pmet.LossLayer,
            StopLoss = pmet.StopLoss,
            WeightDecay = 0,
            Clamp = pmet.Clamp,
            KlWeight = pmet.KlWeight,
            Templates = 0,
            Lambda = pmet.Lambda,
        };
        TeachingContext context = BundledStatistics.Context(Tokens);
        Edit one = Editor.Teach([Request()], new EditedModel(Model), pmet, context)[0];
        Edit other = new MemitEditor().Teach([Request()], new EditedModel(Model), memit, context)[0];
        float[] expected = BatchParts.Column(other, pmet.Layer).Residual, found = BatchParts.Column(one, pmet.Layer).Residual;
        Assert.True(Norm(expected) > 1, $"{Norm(expected)}");
        Assert.InRange(Distance(expected, found), 0, 1e-4 * Norm(expected));
        Assert.Equal(BatchParts.Column(other, pmet.Layer).Key, BatchParts.Column(one, pmet.Layer).Key);
    }

    [Theory]
    [InlineData("gptj", 4096, 28, 8, 6, 6000f)]
    [InlineData("gpt2", 1600, 48, 17, 5, 8000f)]
    public void Presets_are_the_published_ones_and_scaled_ones(string type, int nEmbd, int nLayer, int last, int count, float lambda)
    {
        ModelConfig config = Model.Config with { ModelType = type, NEmbd = nEmbd, NLayer = nLayer };
        var settings = PmetSettings.For(config);
        Assert.Equal((last, count, lambda), (settings.Layer, settings.Layers, settings.Lambda));
        Assert.Equal((30, 0.2f, 1f, true), (settings.Steps, settings.LearningRate, settings.KlWeight, settings.AttentionDelta));
    }

    private static double MemitShare(int left) => new MemitSettings { Layer = 0 }.Share(left);

    private PmetSettings Settings() => PmetSettings.For(Model.Config) with { Layer = 2, Layers = 2, Lambda = 50, Clamp = 10, Steps = 4 };

    private TokenizedRequest Request() => Request(new EditRequest("Lucian Freud died in", "London", "Lucian Freud"));

    private SubjectPrompts Prompts() => SubjectPrompts.Of("test", Tokens, Request(), [""], Model.Config.NPositions);
}
