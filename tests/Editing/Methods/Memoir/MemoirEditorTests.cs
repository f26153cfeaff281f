using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Memoir;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Memoir;

/// <summary>MEMOIR's first principles on the bundled model.</summary>
public sealed class MemoirEditorTests : MethodTests
{
    private static readonly MemoirEditor Editor = new();
    private static readonly MemoirSettings Settings = new() { Layer = 4, Contexts = 0, UnrelatedTexts = 20, Steps = 8 };

    private static readonly EditRequest Zelda = new("The Legend of Zelda is developed by", "Nintendo");
    private static readonly EditRequest Freud = new("Lucian Freud died in", "London");

    private static TeachingContext Context => new() { Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId };

    [Fact]
    public void An_edit_writes_into_its_own_rows_and_nowhere_else()
    {
        Edit edit = Teach(Settings, Zelda)[0];
        int k = Settings.Active(Model.Config.NInner);
        int[] rows = [.. edit.Part("rows")!.Values.Select(row => (int)row)];
        Assert.Equal(k, rows.Length);
        float[][] memory = [.. Memory(Apply(edit)).Chunk(Model.Config.NEmbd)];
        Assert.Equal(edit.Part("delta")!.Values, rows.SelectMany(row => memory[row]));
        Assert.All(Enumerable.Range(0, memory.Length).Except(rows), row => Assert.All(memory[row], value => Assert.Equal(0, value)));
        Assert.True(Norm(edit.Part("delta")!.Values) > 0.1);
    }

    [Fact]
    public void A_prompt_has_the_mask_of_its_edit_after_a_reload_too()
    {
        Edit[] edits = [.. Teach(Settings, Zelda, Freud)];
        Edit[] again = [.. edits.Select(edit => edit with { Settings = EditSettings.Parse("memoir", edit.Settings.ToJson()) })];
        EditedModel edited = Apply(again);
        for (int i = 0; i < edits.Length; i++)
        {
            Firing firing = Fire(edited, edits[i].PromptTokens);
            Assert.Equal((edits[i].Id, 1f), (firing.Edit, firing.Score));
            Assert.Equal(edits[i].Part("rows")!.Values, Read(edited, edits[i].PromptTokens));
        }

        Edit published = Teach(Settings with { AsPublished = true }, Zelda)[0];
        Assert.InRange(Fire(Apply(published), published.PromptTokens).Score, 0.1f, 0.999f); // which left out its first token
    }

    [Fact]
    public void The_open_rows_are_the_matrix_that_the_formula_says()
    {
        Edit edit = Teach(Settings, Zelda)[0];
        EditedModel edited = Apply(edit);
        float[] routed = Logits(edited.Reading(edit.PromptTokens));
        CausalLm changed = Model.WithBlock(4, Model.Blocks[4] with
        {
            Mlp = Model.Blocks[4].Mlp with
            {
                Down = Model.Blocks[4].Mlp.Down with
                {
                    Matrices = [ChangedWeight.Plus(Model.Blocks[4].Mlp.Down.Matrices[0].Value, Memory(edited))],
                },
            },
        });
        float[] expected = Logits(new PromptReading(changed, edit.PromptTokens, []));
        float[] plain = Logits(new PromptReading(Model, edit.PromptTokens, []));
        Assert.InRange(Distance(expected, routed), 0, 1e-3);
        Assert.True(Distance(plain, routed) > 1);
    }

    [Fact]
    public void An_empty_memory_and_a_prompt_that_no_mask_resembles_leave_the_base_models_bits()
    {
        Edit untrained = Teach(Settings with { Steps = 0 }, Zelda)[0];
        EditedModel empty = Apply(untrained);
        Assert.True(Fire(empty, untrained.PromptTokens).Adds);
        float[] plain = Logits(new PromptReading(Model, untrained.PromptTokens, []));
        Assert.Equal(plain, Logits(empty.Reading(untrained.PromptTokens)));

        Edit strict = Teach(Settings with { Overlap = 1 }, Freud)[0];
        Assert.Equal(plain, Logits(Apply(strict).Reading(untrained.PromptTokens)));
        Assert.Same(Model, Apply(Withdrawn(strict)).Model);
        Assert.Empty(Apply(Withdrawn(strict)).Routers);
    }

    [Fact]
    public void What_is_written_into_other_rows_changes_no_bit()
    {
        Edit[] edits = [.. Teach(Settings, Zelda, Freud)];
        float[] own = edits[0].Part("rows")!.Values;
        float[] others = [.. Enumerable.Range(0, Model.Config.NInner).Select(row => (float)row).Except(own).Take(own.Length)];
        Edit disjoint = WithRows(edits[1], others);
        float[] alone = Logits(Apply(edits[0]).Reading(edits[0].PromptTokens));
        Devices.SameBits(alone, Logits(Apply(edits[0], disjoint).Reading(edits[0].PromptTokens)), "disjoint");
        Assert.NotEqual(alone, Logits(Apply(edits).Reading(edits[0].PromptTokens))); // they share rows
    }

    [Fact]
    public void The_loss_that_is_reported_is_that_of_what_is_stored()
    {
        foreach (MemoirSettings settings in (MemoirSettings[])[Settings, Settings with { Rank = 2 }, Settings with { WeightDecay = 0.01f }])
        {
            Edit[] edits = [.. Teach(settings, Freud, Zelda)]; // the second beside the first
            PromptReading reading = Apply(edits).Reading(edits[1].PromptTokens);
            var texts = new AnswerTexts(Model, 4, [Request(Zelda).Tokens]);
            Assert.Equal(edits[1].FinalLoss!.Value, texts.LossPerEdit(Model, reading.Openings)[0], 1e-6);
            Assert.True(edits[1].FinalLoss < edits[1].Part("losses")!.Values[0] - 1);
        }
    }

    [Fact]
    public void A_low_rank_costs_little_and_is_little()
    {
        Edit whole = Teach(Settings, Zelda)[0], low = Teach(Settings with { Rank = 4 }, Zelda)[0];
        Assert.Null(Settings.Misfit(whole, Model.Config.NEmbd));
        Assert.Null((Settings with { Rank = 4 }).Misfit(low, Model.Config.NEmbd));
        float[] expected = Memory(Apply(whole)), actual = Memory(Apply(low));
        Assert.InRange(Distance(expected, actual) / Norm(expected), 1e-6, 0.5);
        Assert.True(low.Parts.Sum(part => part.Values.Length) < 0.1 * whole.Parts.Sum(part => part.Values.Length));
        Assert.InRange(low.FinalLoss!.Value, 0, whole.FinalLoss!.Value + 0.3);
    }

    [Fact]
    public void Weight_decay_takes_its_share_of_every_row_at_each_step()
    {
        MemoirSettings decays = Settings with { WeightDecay = 0.01f, LearningRate = 0.5f };
        Edit[] edits = [.. Teach(decays, Zelda, Freud)];
        float kept = edits[1].Part("kept")!.Values[0];
        Assert.Equal(Math.Pow(1 - 0.005, edits[1].Part("losses")!.Values.Length), kept, 1e-5);
        float[] one = Memory(Apply(edits[0])), both = Memory(Apply(edits));
        HashSet<int> rows = [.. edits[1].Part("rows")!.Values.Select(row => (int)row)];
        int C = Model.Config.NEmbd;
        for (int i = 0; i < one.Length; i++)
            if (!rows.Contains(i / C)) Assert.Equal(one[i] * kept, both[i]);
        Assert.Null(Teach(Settings, Zelda)[0].Part("kept"));
    }

    [Fact]
    public void A_withdrawn_edit_takes_its_writing_along_and_later_ones_keep_theirs()
    {
        Edit[] edits = [.. Teach(Settings, Zelda, Freud)];
        EditedModel withdrawn = Apply(Withdrawn(edits[0]), edits[1]);
        Assert.Equal(Memory(Apply(edits[1])), Memory(withdrawn));
        Assert.NotEqual(edits[0].Id, Fire(withdrawn, edits[0].PromptTokens).Edit);
        Assert.NotEqual(Teach(Settings, Freud)[0].Part("delta")!.Values, edits[1].Part("delta")!.Values); // it was learnt beside the first
    }

    [Fact]
    public void Edits_that_are_hashed_otherwise_have_a_router_of_their_own()
    {
        MemoirSettings strict = Settings with { Overlap = 0.9f }; // or else the first router takes both
        Edit zelda = Teach(strict, Zelda)[0], freud = Teach(strict with { Seed = 3 }, Freud)[0] with { Id = 2 };
        EditedModel both = Apply(zelda, freud);
        Assert.Equal(2, both.Routers.Count);
        Assert.Equal(Logits(Apply(zelda).Reading(zelda.PromptTokens)), Logits(both.Reading(zelda.PromptTokens)));
        Assert.Equal(Logits(Apply(freud).Reading(freud.PromptTokens)), Logits(both.Reading(freud.PromptTokens)));
    }

    [Fact]
    public void Written_with_a_cache_or_read_at_once_it_is_the_same()
    {
        Edit edit = Teach(Settings, Zelda)[0];
        PromptReading reading = Apply(edit).Reading(edit.PromptTokens);
        int[] more = [.. edit.PromptTokens, .. edit.TargetTokens, edit.PromptTokens[0]];
        using BufferScope scope = Device.Scope();
        float[] atOnce = Logits(reading with { Tokens = more });
        var session = new DecodeSession(reading.Model, 1, more.Length, reading.Openings);
        float[] last = session.Advance(new TokenBatch(edit.PromptTokens)).ToArray();
        foreach (int token in more[edit.PromptTokens.Length..]) last = session.Advance(new TokenBatch(new[] { token })).ToArray();
        Assert.InRange(Distance(atOnce, last), 0, 1e-3);
    }

    [Fact]
    public void Threads_do_not_matter()
    {
        MemoirSettings settings = Settings with { Contexts = 2, Rank = 3, Steps = 3 };
        using var one = new CpuDevice(1);
        Edit expected = Teach(settings, Zelda)[0];
        var other = new EditedModel(CausalLm.Load(TestFiles.Model, one));
        Edit actual = Editor.Teach([Request(Zelda)], other, settings, Context)[0];
        foreach ((EditPart e, EditPart a) in expected.Parts.Zip(actual.Parts)) Devices.SameBits(e.Values, a.Values, e.Name);
    }

    [Fact]
    public void What_cannot_be_is_said()
    {
        var bare = new TeachingContext { BosId = Tokens.BosId, EosId = Tokens.EosId };
        var error = Assert.Throws<InputException>(() =>
            Editor.Teach([Request(Zelda)], new EditedModel(Model), Settings with { Contexts = 2 }, bare));
        Assert.StartsWith("MEMOIR puts texts before the prompts", error.Message, StringComparison.Ordinal);

        Edit edit = Teach(Settings with { Steps = 1 }, Zelda)[0];
        int C = Model.Config.NEmbd;
        Assert.Equal("it has no part 'delta' of [293,256]", Settings.Misfit(Without("delta"), C));
        Assert.Equal("it has no part 'left' of [293,2]", (Settings with { Rank = 2 }).Misfit(edit, C));
        Assert.Equal("it has no part 'rows' of [102]", (Settings with { ActiveShare = 0.1f }).Misfit(edit, C));
        Assert.Contains("'mean'", Settings.Misfit(Without("mean"), C), StringComparison.Ordinal);
        float[] rows = [.. edit.Part("rows")!.Values];
        rows[3] = rows[2];
        Assert.StartsWith("number 3 of part 'rows' is", Settings.Misfit(WithRows(edit, rows), C), StringComparison.Ordinal);

        Edit Without(string name) => edit with { Parts = [.. edit.Parts.Where(part => part.Name != name)] };
    }

    [Theory]
    [InlineData("gpt2", 1600, 48, 6400, 40, 1829)]
    [InlineData("gptj", 4096, 28, 16384, 23, 4681)]
    [InlineData("gpt2", 768, 12, 3072, 10, 878)]
    public void Large_models_have_presets_and_others_scaled_ones(string type, int nEmbd, int nLayer, int m, int layer, int active)
    {
        ModelConfig config = Model.Config with { ModelType = type, NEmbd = nEmbd, NLayer = nLayer };
        MemoirSettings settings = MemoirSettings.For(config), published = MemoirSettings.For(config, MemoirSettings.Published);
        Assert.Equal((layer, active), (settings.Layer, settings.Active(m)));
        Assert.Equal((0f, false, 1e-5f, true), (settings.WeightDecay, settings.AsPublished, published.WeightDecay, published.AsPublished));
    }

    private List<Edit> Teach(MemoirSettings settings, params EditRequest[] facts)
    {
        var edited = new EditedModel(Model);
        var edits = new List<Edit>();
        foreach (EditRequest fact in facts)
        {
            Edit[] made = [Editor.Teach([Request(fact)], edited, settings, Context)[0] with { Id = edits.Count + 1 }];
            edits.AddRange(made);
            edited = Editor.Apply(edited, made);
        }

        return edits;
    }

    private static Edit WithRows(Edit edit, float[] rows) =>
        edit with { Parts = [.. edit.Parts.Select(part => part.Name == "rows" ? part with { Values = rows } : part)] };

    private EditedModel Apply(params Edit[] edits) => Editor.Apply(new EditedModel(Model), edits);

    private static float[] Memory(EditedModel edited) => Assert.IsType<MemoirRouter>(edited.Routers[0]).Memory.Sum().ToArray();

    private float[] Read(EditedModel edited, int[] prompt)
    {
        using BufferScope scope = Device.Scope();
        return edited.Routers[0].Read(Model, [prompt]).ToArray();
    }

    private Firing Fire(EditedModel edited, int[] prompt)
    {
        using BufferScope scope = Device.Scope();
        return edited.Routers[0].Fire(edited.Routers[0].Read(Model, [prompt]), RowTokens.AtEnds(prompt))[0];
    }

    private float[] Logits(PromptReading reading)
    {
        using BufferScope scope = Device.Scope();
        return new DecodeSession(reading.Model, 1, reading.Tokens.Length, reading.Openings)
            .Advance(new TokenBatch(reading.Tokens)).ToArray();
    }
}
