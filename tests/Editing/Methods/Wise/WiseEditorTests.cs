using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Wise;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Wise;

/// <summary>WISE's first principles on the bundled model.</summary>
public sealed class WiseEditorTests : MethodTests
{
    private static readonly WiseEditor Editor = new();

    private static readonly WiseSettings Settings = new()
    {
        Layer = 4,
        Contexts = 0,
        UnrelatedTexts = 5,
        Steps = 10,
        Alpha = 2,
        Beta = 6,
        Gamma = 3,
        LearningRate = 0.3f,
    };

    private static readonly EditRequest Zelda = new("The Legend of Zelda is developed by", "Nintendo");
    private static readonly EditRequest Freud = new("Lucian Freud died in", "London");
    private static readonly EditRequest Trout = new("Mike Trout plays in the position of", "outfielder");

    private static TeachingContext Context => new() { Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId };

    [Fact]
    public void Masked_numbers_stay_and_no_other_moves_beyond_the_clamp()
    {
        WiseSettings settings = Settings with { Clamp = 0.01f };
        Edit holder = Teach(settings, 1, Zelda)[0];
        float[] delta = WiseParts.DeltaOf(holder, Model.Config.NEmbd);
        bool[] mask = WiseParts.Mask(settings, 0, delta.Length);
        Assert.InRange(mask.Count(moves => moves) / (double)mask.Length, 0.19, 0.21);
        for (int i = 0; i < delta.Length; i++) Assert.InRange(Math.Abs(delta[i]), 0, mask[i] ? 0.01f : 0);
        Assert.Contains(delta, value => Math.Abs(value) == 0.01f);
        Assert.NotEqual(mask, WiseParts.Mask(settings, 1, delta.Length)); // drawn anew for each shard
        Assert.Null(settings.Misfit(holder, Model.Config.NEmbd));
    }

    [Fact]
    public void Without_mask_and_margins_it_is_plain_gradient_descent_on_a_copy()
    {
        WiseSettings settings = Settings with { MaskShare = 1, MarginWeight = 0, Steps = 4, Clamp = 100 };
        float[] actual = WiseParts.DeltaOf(Teach(settings, 1, Zelda)[0], Model.Config.NEmbd);
        using BufferScope scope = Device.Scope();
        var texts = new AnswerTexts(Model, 4, [Request(Zelda).Tokens]);
        Tensor start = Model.Blocks[4].Mlp.Down.Matrices[0].Value.Float32Copy(), copy = start;
        for (int step = 0; step < settings.Steps; step++)
        {
            var tape = new Tape();
            Variable weight = tape.Parameter(copy);
            MlpWeights mlp = Model.Blocks[4].Mlp;
            tape.Backward(texts.Loss(Model.WithBlock(4, Model.Blocks[4] with
            {
                Mlp = mlp with { Down = mlp.Down with { Matrices = [weight] } },
            })));
            copy = Ops.Subtract(copy, Ops.Scale(weight.Gradient!, settings.LearningRate)).Value;
        }

        float[] expected = Ops.Subtract(copy, start).Value.ToArray();
        Assert.True(Norm(expected) > 0.1);
        Assert.InRange(Distance(expected, actual) / Norm(expected), 0, 1e-3);
    }

    [Fact]
    public void Weight_decay_pulls_every_number_to_zero()
    {
        Edit holder = Teach(Settings with { WeightDecay = 0.01f, MaskShare = 0, Steps = 1 }, 1, Zelda)[0];
        float[] weight = Weight(new EditedModel(Model), 4);
        float[] delta = WiseParts.DeltaOf(holder, Model.Config.NEmbd);
        for (int i = 0; i < weight.Length; i++) Assert.Equal(-0.003f * weight[i], delta[i], 1e-6f);
    }

    [Fact]
    public void How_far_a_prompt_is_moved_is_the_mean_over_its_tokens()
    {
        Edit[] edits = [.. Teach(Settings, 2, Zelda, Freud)];
        float[] delta = WiseParts.DeltaOf(edits[0], Model.Config.NEmbd);
        int[] prompt = edits[0].PromptTokens;
        var router = (WiseRouter)Apply(edits).Routers[0];
        using BufferScope scope = Device.Scope();
        float actual = router.Read(Model, [prompt, edits[1].PromptTokens]).ToArray()[0];
        float[] hidden = [], output = [];
        MlpWeights mlp = Model.Blocks[4].Mlp;
        var batch = new TokenBatch(prompt);
        Model.Hidden(batch, Model.NewCache(1, batch.T),
            [Opening.Look(4, Site.MlpHidden, Reach.All, x => (hidden, output) = (x.Value.ToArray(), mlp.Down.Forward(x).Value.ToArray()))]);
        int m = Model.Config.NInner, C = Model.Config.NEmbd;
        double sum = 0;
        for (int t = 0; t < prompt.Length; t++)
        {
            double square = 0;
            for (int c = 0; c < C; c++)
            {
                double moved = output[(t * C) + c];
                for (int i = 0; i < m; i++) moved += (double)hidden[(t * m) + i] * delta[(i * C) + c];
                float[] both = Ops.Activate(Device.From([(float)moved, output[(t * C) + c]], 2), mlp.Activation).Value.ToArray();
                square += Math.Pow((double)both[0] - both[1], 2);
            }

            sum += Math.Sqrt(square);
        }

        Assert.Equal(sum / prompt.Length, actual, 1e-3);
    }

    [Fact]
    public void A_memory_speaks_above_its_threshold_and_not_at_it()
    {
        Edit holder = Teach(Settings with { ActRatio = 1 }, 1, Zelda)[0];
        var router = (WiseRouter)Apply(holder).Routers[0];
        float epsilon = holder.Part("epsilon")!.Values[0];
        using BufferScope scope = Device.Scope();
        Assert.Equal(epsilon, router.Read(Model, [holder.PromptTokens]).ToArray()[0]); // its only edit is its least
        Firing[] firings = router.Fire(
            Device.From([epsilon + 1e-6f * epsilon, epsilon, epsilon - 1e-6f * epsilon], 3, 1), RowTokens.None);
        Assert.Equal([true, false, false], firings.Select(firing => firing.Adds));
        Assert.Empty(router.Claims(Device.From([epsilon], 1, 1), RowTokens.None)[0]);
        Assert.Equal(FiringState.None, router.Fire(Device.From([2 * epsilon], 1, 1), RowTokens.None, [holder.Id])[0].State);
    }

    [Fact]
    public void Of_several_memories_that_speak_the_one_that_moves_farthest_does()
    {
        Edit[] edits = [.. Teach(Settings, 1, Zelda, Freud)];
        var router = (WiseRouter)Apply(edits).Routers[0];
        float[] thresholds = [.. edits.Select(edit => 0.88f * edit.Part("epsilon")!.Values[0])];
        float far = 2 * thresholds.Max();
        using BufferScope scope = Device.Scope();
        Firing[] firings = router.Fire(
            Device.From([far, far + 1, far + 1, far, thresholds[0] / 2, far, far, far], 4, 2), RowTokens.None);
        Assert.Equal([2L, 1L, 2L, 1L], firings.Select(firing => firing.Edit));
    }

    [Fact]
    public void A_shard_comes_and_goes_as_a_whole_and_the_others_stay()
    {
        Edit[] edits = [.. Teach(Settings, 2, Zelda, Freud, Trout)];
        Assert.Equal([1L, 1L, 2L], edits.Select(edit => edit.Batch));
        Assert.Empty(edits[1].Parts);
        Assert.Equal(2, Assert.IsType<WiseRouter>(Apply(edits).Routers[0]).Deltas.Count);
        float[] second = Logits(Apply(edits[2]), edits[2]);
        Assert.Equal(second, Logits(Apply(edits[0], Withdrawn(edits[1]), edits[2]), edits[2]));
        Assert.Equal(second, Logits(Apply(edits[1], edits[2]), edits[2])); // its holder removed
        Assert.Equal(Logits(new EditedModel(Model), edits[0]), Logits(Apply(edits[0], Withdrawn(edits[1])), edits[0]));
        Assert.Empty(Apply(edits[0]).Routers);
    }

    [Fact]
    public void Shards_are_merged_once_there_are_edits_enough()
    {
        WiseSettings settings = Settings with { MergeEvery = 2, MergeDensity = 1 };
        Edit[] edits = [.. Teach(settings, 1, Zelda, Freud, Trout)];
        EditedModel two = Apply(edits[0], edits[1]), three = Apply(edits);
        float[] merged = Assert.Single(Assert.IsType<WiseRouter>(two.Routers[0]).Deltas).ToArray();
        float[][] shards = [.. edits.Take(2).Select(edit => WiseParts.DeltaOf(edit, Model.Config.NEmbd))];
        Assert.Equal(TiesMerge.Of(shards, 1), merged);
        Assert.Equal(2, Assert.IsType<WiseRouter>(three.Routers[0]).Deltas.Count);
        EditedModel step = Editor.Apply(Editor.Apply(Apply(edits[0]), [edits[1]]), [edits[2]]);
        foreach (Edit edit in edits) Devices.SameBits(Logits(three, edit), Logits(step, edit), "one by one");
        Assert.Equal(shards[1], Assert.IsType<WiseRouter>(Apply(Withdrawn(edits[0]), edits[1]).Routers[0]).Deltas[0].ToArray());
    }

    [Fact]
    public void Margins_move_the_edit_as_far_as_they_say()
    {
        Edit with = Teach(Settings with { Steps = 40, Beta = 12 }, 1, Zelda)[0];
        Edit without = Teach(Settings with { Steps = 40, MarginWeight = 0 }, 1, Zelda)[0];
        Assert.InRange(with.Part("epsilon")!.Values[0], 10, 100);
        Assert.InRange(without.Part("epsilon")!.Values[0], 1, 8); // what the target alone asks for
        Assert.InRange(with.FinalLoss!.Value, 0, 0.5);
    }

    [Fact]
    public void Threads_do_not_matter()
    {
        WiseSettings settings = Settings with { Contexts = 2, Steps = 3 };
        using var one = new CpuDevice(1);
        Edit expected = Editor.Teach([Request(Zelda)], new EditedModel(Model), settings, Context)[0];
        Edit actual = Editor.Teach([Request(Zelda)], new EditedModel(CausalLm.Load(TestFiles.Model, one)), settings, Context)[0];
        foreach ((EditPart e, EditPart a) in expected.Parts.Zip(actual.Parts)) Devices.SameBits(e.Values, a.Values, e.Name);
    }

    [Fact]
    public void What_cannot_be_is_said()
    {
        var bare = new TeachingContext { BosId = Tokens.BosId, EosId = Tokens.EosId };
        var error = Assert.Throws<InputException>(() =>
            Editor.Teach([Request(Zelda)], new EditedModel(Model), Settings with { Contexts = 2 }, bare));
        Assert.Contains("WISE puts texts before the prompts of edits, and there is no tokenizer", error.Message, StringComparison.Ordinal);

        Edit holder = Teach(Settings with { Steps = 1 }, 1, Zelda)[0];
        Assert.Equal("it has no part 'epsilon' of [1]", Settings.Misfit(Without("epsilon"), 256));
        Assert.StartsWith("it has no part 'values' of [", Settings.Misfit(Without("values"), 256), StringComparison.Ordinal);
        Assert.StartsWith("it has no part 'values' of [", (Settings with { Seed = 1 }).Misfit(holder, 256), StringComparison.Ordinal);
        Assert.Equal("it has no part 'delta' of [1024,256]", (Settings with { WeightDecay = 1 }).Misfit(holder, 256));

        Edit Without(string name) => holder with { Parts = [.. holder.Parts.Where(part => part.Name != name)] };
    }

    [Theory]
    [InlineData("gpt2", 1600, 48, 36)]
    [InlineData("gptj", 4096, 28, 21)]
    [InlineData("gpt2", 768, 12, 9)]
    public void Large_models_have_presets_and_others_scaled_ones(string type, int nEmbd, int nLayer, int layer)
    {
        ModelConfig config = Model.Config with { ModelType = type, NEmbd = nEmbd, NLayer = nLayer };
        WiseSettings settings = WiseSettings.For(config);
        Assert.Equal((layer, 15f, 40f, 20f, 0f), (settings.Layer, settings.Alpha, settings.Beta, settings.Gamma, settings.WeightDecay));
        Assert.Equal(1e-5f, WiseSettings.For(config, WiseSettings.Published).WeightDecay);
    }

    private List<Edit> Teach(WiseSettings settings, int size, params EditRequest[] facts)
    {
        var edited = new EditedModel(Model);
        var edits = new List<Edit>();
        foreach (EditRequest[] shard in facts.Chunk(size))
        {
            long batch = 1 + (edits.Count / size);
            Edit[] made = [.. Editor.Teach([.. shard.Select(Request)], edited, settings, Context)
                .Select((edit, i) => edit with { Id = edits.Count + i + 1, Batch = batch })];
            edits.AddRange(made);
            edited = Editor.Apply(edited, made);
        }

        return edits;
    }

    private EditedModel Apply(params Edit[] edits) => Editor.Apply(new EditedModel(Model), edits);

    private float[] Logits(EditedModel edited, Edit asked)
    {
        using BufferScope scope = Device.Scope();
        PromptReading reading = edited.Reading(asked.PromptTokens);
        return new DecodeSession(reading.Model, 1, reading.Tokens.Length, reading.Openings)
            .Advance(new TokenBatch(reading.Tokens)).ToArray();
    }
}
