using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Editing.Methods.Memit;
using Sharpformer.Editing.Statistics;
using Sharpformer.Tensors;
using Sharpformer.Tests.Editing.Methods.Locating;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Memit;

/// <summary>MEMIT from first principles, on the bundled model.</summary>
public sealed class MemitEditorTests : MethodTests
{
    private static readonly MemitEditor Editor = new();
    private static readonly EditRecord[] Records = [.. EditRecord.Load(TestFiles.Facts("counterfact"), 4)];

    [Fact]
    public void With_a_small_lambda_the_last_blocks_output_becomes_the_value_that_was_found()
    {
        MemitSettings settings = Settings() with { Lambda = 1e-4f };
        SubjectPrompts[] prompts = [.. Records.Select((_, i) => Prompts(i))];
        FoundValue[] wanted = BatchTeaching.Values(Model, settings, new PromptBatch(prompts), default);
        Edit[] edits = [.. Editor.Teach(Requests(), new EditedModel(Model), settings, Context)];
        float[][] before = SubjectKeys.Of(Model, 2, settings, prompts, default).Current;
        CausalLm edited = Editor.Apply(new EditedModel(Model), edits).Model;
        float[][] after = SubjectKeys.Of(edited, 2, settings, prompts, default).Current;
        for (int e = 0; e < edits.Length; e++)
        {
            Assert.Equal(wanted[e].Loss, edits[e].FinalLoss);
            double moved = Distance(before[e], wanted[e].Value);
            Assert.True(Distance(after[e], wanted[e].Value) < 1e-3 * moved, $"edit {e}: {Distance(after[e], wanted[e].Value)} of {moved}");
        }

        Assert.Same(Model.Blocks[0], edited.Blocks[0]);
        Assert.NotSame(Model.Blocks[1], edited.Blocks[1]);
        Assert.NotSame(Model.Blocks[2], edited.Blocks[2]);
        Assert.Same(Model.Blocks[3], edited.Blocks[3]);
    }

    [Fact]
    public void A_block_takes_its_share_of_what_is_missing_with_the_blocks_below_changed()
    {
        MemitSettings settings = Settings();
        SubjectPrompts[] prompts = [.. Records.Select((_, i) => Prompts(i))];
        float[][] wanted = [.. BatchTeaching.Values(Model, settings, new PromptBatch(prompts), default).Select(found => found.Value)];
        Edit[] edits = [.. Editor.Teach(Requests(), new EditedModel(Model), settings, Context)];
        SubjectKeys first = SubjectKeys.Of(Model, 1, settings, prompts, default);
        var change = new LayerChange(Model, 1, Device);
        change.Add([.. edits.Select(edit => BatchParts.Column(edit, 1))], settings.Lambda);
        SubjectKeys second = SubjectKeys.Of(change.Model, 2, settings, prompts, default);
        for (int e = 0; e < edits.Length; e++)
        {
            Column(edits[e], 1, first.Keys[e], [.. wanted[e].Zip(first.Current[e], (z, now) => (z - now) / 2)]);
            Column(edits[e], 2, second.Keys[e], [.. wanted[e].Zip(second.Current[e], (z, now) => z - now)]);
        }

        static void Column(Edit edit, int layer, float[] key, float[] residual)
        {
            Devices.SameBits(key, BatchParts.Column(edit, layer).Key, $"k at block {layer}");
            Assert.True(Distance(residual, BatchParts.Column(edit, layer).Residual) < 1e-5 * Norm(residual), $"r at block {layer}");
        }
    }

    [Fact]
    public void A_withdrawn_edit_leaves_its_batch_solved_without_it()
    {
        MemitSettings settings = Settings();
        Edit[] edits = [.. Editor.Teach(Requests(), new EditedModel(Model), settings, Context)
            .Select((edit, i) => edit with { Id = i + 1, Batch = 1 })];
        EditedModel without = Editor.Apply(new EditedModel(Model), [edits[0], Withdrawn(edits[1]), edits[2], edits[3]]);
        EditedModel never = Editor.Apply(new EditedModel(Model), [edits[0], edits[2], edits[3]]);
        foreach (int layer in (int[])[1, 2]) Devices.SameBits(Weight(never, layer), Weight(without, layer), $"block {layer}");
        EditedModel none = Editor.Apply(new EditedModel(Model), [.. edits.Select(Withdrawn)]);
        Assert.Same(Model, none.Model);
        Assert.Equal(1, without.FirstTouched);
    }

    [Fact]
    public void Batches_are_told_apart_before_they_are_stored_too()
    {
        MemitSettings settings = Settings() with { Steps = 2, BatchSize = 2 };
        IReadOnlyList<TokenizedRequest>[] portions = [.. Editor.Batches(Requests(), settings, Context)];
        Assert.Equal([2, 2], portions.Select(portion => portion.Count));
        Edit[] edits = [.. portions.SelectMany(portion => Editor.Teach(portion, new EditedModel(Model), settings, Context))];
        EditedModel atOnce = Editor.Apply(new EditedModel(Model), edits);
        EditedModel step = Editor.Apply(Editor.Apply(new EditedModel(Model), edits[..2]), edits[2..]);
        Devices.SameBits(Weight(atOnce, 2), Weight(step, 2), "one by one, at once");
        Assert.Null(settings.Misfit(edits[1], Model.Config.NEmbd));
        Assert.Contains("no part '1.r' of [257]", settings.Misfit(edits[1], Model.Config.NEmbd + 1), StringComparison.Ordinal);
        Assert.NotNull((settings with { Layers = 1 }).Misfit(edits[1], Model.Config.NEmbd));
        Assert.NotNull((settings with { Layers = 3 }).Misfit(edits[1], Model.Config.NEmbd));
    }

    [Fact]
    public void What_is_missing_is_told_before_anything_is_taught()
    {
        var lone = new TeachingContext { Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId };
        Refused(Requests(), Settings(), lone, "MEMIT needs statistics", "model statistics --model … --text … --layer 1");
        Refused(Requests(), Settings() with { Layer = 3 }, Context, "no statistics of this model at block 3");
        Refused(Requests(), Settings() with { Layers = 4 }, Context, "4 blocks, the last being block 2, expected 1 to 3");
        TokenizedRequest nameless = Request(new EditRequest("Cap Anson died in", "Rome"));
        Refused([nameless], Settings(), Context, "names no subject; MEMIT changes");

        using TemporaryFolder few = TestFiles.TemporaryFolder();
        int[] text = Tokens.Encode("Lucian Freud died in London");
        new MlpStatistics(few.Path, BundledStatistics.Model, 1, "too few").Collect(Model, [text], 6);
        var fewStates = new TeachingContext
        {
            Tokenizer = Tokens,
            BosId = Tokens.BosId,
            EosId = Tokens.EosId,
            StatisticsFolder = few.Path,
            Model = BundledStatistics.Model,
        };
        Refused(Requests(), Settings(), fewStates, "states of 1024 numbers, expected at least 1024", "add more text");

        static void Refused(
            IReadOnlyList<TokenizedRequest> requests, MemitSettings settings, TeachingContext context, params string[] expected)
        {
            var error = Assert.Throws<InputException>(() => Editor.Batches(requests, settings, context));
            Assert.All(expected, text => Assert.Contains(text, error.Message, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("gpt2", 1600, 48, 17, 5, 20000f)]
    [InlineData("gpt2", 1280, 36, 14, 5, 20000f)]
    [InlineData("gpt_neo", 2560, 32, 8, 6, 20000f)]
    [InlineData("gptj", 4096, 28, 8, 6, 15000f)]
    [InlineData("gpt2", 768, 12, 4, 1, 20000f)] // nobody published one: the same part of the depth
    public void Published_models_have_their_presets_and_others_scaled_ones(
        string type, int nEmbd, int nLayer, int last, int count, float lambda)
    {
        ModelConfig config = Model.Config with { ModelType = type, NEmbd = nEmbd, NLayer = nLayer };
        var settings = MemitSettings.For(config);
        Assert.Equal((last, count, lambda), (settings.Layer, settings.Layers, settings.Lambda));
        Assert.Equal((0.75f, 5), (settings.Clamp, settings.Templates));
        Assert.Throws<InputException>(() => MemitSettings.For(config, "rome"));
        var paper = MemitSettings.For(config, MemitSettings.Paper);
        if (nEmbd == 1600) Assert.Equal((41, 1), (paper.Layer, paper.Layers));
    }

    private MemitSettings Settings() => MemitSettings.For(Model.Config) with { Layer = 2, Layers = 2, Lambda = 100, Clamp = 10, Steps = 6 };

    private static TeachingContext Context => BundledStatistics.Context(Tokens);

    private TokenizedRequest[] Requests() => [.. Records.Select(record => Request(record.ToRequest("")))];

    private SubjectPrompts Prompts(int record) => SubjectPrompts.Of("test", Tokens, Requests()[record], [""], Model.Config.NPositions);
}
