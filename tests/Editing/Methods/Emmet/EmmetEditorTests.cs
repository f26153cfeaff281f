using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Emmet;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Editing.Methods.Memit;
using Sharpformer.Editing.Statistics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.LinearAlgebra;
using Sharpformer.Tests.Editing.Methods.Locating;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Emmet;

/// <summary>EMMET from first principles, on the bundled model.</summary>
public sealed class EmmetEditorTests : MethodTests
{
    private static readonly EmmetEditor Editor = new();
    private static readonly EditRequest Painter = new("Lucian Freud died in", "London", "Lucian Freud");
    private static readonly EditRequest Player = new("Mike Trout plays in the position of", "outfielder", "Mike Trout");

    [Fact]
    public void With_alpha_and_w_it_is_memit_with_their_product_at_one_block()
    {
        EmmetSettings settings = Settings() with { Lambda = 0.25f, CovarianceWeight = 80 };
        MemitSettings same =
            MemitSettings.For(Model.Config) with { Layer = settings.Layer, Layers = 1, Lambda = 20, Steps = settings.Steps };
        float[] emmet = Weight(Apply(settings, Painter, Player));
        TokenizedRequest[] requests = [Request(Painter), Request(Player)];
        var memit = new MemitEditor();
        var soFar = new EditedModel(Model);
        Devices.SameBits(emmet, Weight(memit.Apply(soFar, memit.Teach(requests, soFar, same, Context))), "the weight");
    }

    [Fact]
    public void Without_slack_a_single_edit_is_a_term_of_rank_one_as_r_romes()
    {
        EmmetSettings settings = Settings() with { Lambda = 0 };
        Edit edit = Editor.Teach([Request(Painter)], new EditedModel(Model), settings, Context)[0];
        EditColumn column = BatchParts.Column(edit, settings.Layer);
        SymmetricMatrix covariance = MlpStatistics.Load(BundledStatistics.Folder, BundledStatistics.Model, settings.Layer)
            .Mean(SecondMoment.DefaultRidge);
        double[] u = Cholesky.Factor(covariance, Device).Solve([.. column.Key.Select(x => (double)x)]);
        double along = u.Zip(column.Key, (x, k) => x * k).Sum();
        float[] was = Weight(new EditedModel(Model)), now = Weight(Editor.Apply(new EditedModel(Model), [edit]));
        int C = Model.Config.NEmbd;
        for (int i = 0; i < u.Length; i += 7)
            for (int c = 0; c < C; c += 5) Assert.Equal(was[i * C + c] + u[i] / along * column.Residual[c], now[i * C + c], 1e-5);
    }

    [Fact]
    public void Without_slack_every_edit_gets_its_value_and_one_subject_twice_is_refused_by_name()
    {
        EmmetSettings settings = Settings() with { Lambda = 0 };
        SubjectPrompts[] prompts = [.. new[] { Painter, Player }.Select(request =>
            SubjectPrompts.Of("test", Tokens, Request(request), [""], Model.Config.NPositions))];
        FoundValue[] wanted = BatchTeaching.Values(Model, settings, new PromptBatch(prompts), default);
        EditedModel edited = Apply(settings, Painter, Player);
        float[][] given = SubjectKeys.Of(edited.Model, settings.Layer, settings, prompts, default).Current;
        for (int e = 0; e < given.Length; e++)
            for (int c = 0; c < given[e].Length; c++) Assert.Equal(wanted[e].Value[c], given[e][c], 2e-3);

        EditRequest again = new("Lucian Freud died in the city of", "Berlin", "Lucian Freud");
        var error = Assert.Throws<InputException>(() => Apply(settings, Painter, Player, again));
        const string Named = "\"Lucian Freud died in\" and \"Lucian Freud died in the city of\" are too much alike";
        Assert.Contains(Named, error.Message, StringComparison.Ordinal);
        Assert.Contains("Hint: ", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, Editor.Teach([Request(Painter), Request(again)], new EditedModel(Model), Settings(), Context).Count); // with slack
    }

    [Theory]
    [InlineData("gpt2", 1600, 48, 17, 100.0, 1000.0)]
    [InlineData("gptj", 4096, 28, 5, 0.1, 10000.0)]
    public void Published_models_have_their_presets(string type, int nEmbd, int nLayer, int layer, double ridge, double easyEdit)
    {
        ModelConfig config = Model.Config with { ModelType = type, NEmbd = nEmbd, NLayer = nLayer };
        var settings = EmmetSettings.For(config);
        Assert.Equal((layer, 1, 0.1f), (settings.Layer, settings.Layers, settings.Lambda));
        Assert.Equal(ridge, settings.Ridge, 1e-5 * ridge);
        Assert.Equal(easyEdit, EmmetSettings.For(config, EmmetSettings.EasyEdit).Ridge, 1e-5 * easyEdit);
    }

    private EmmetSettings Settings() => EmmetSettings.For(Model.Config) with { Layer = 2, CovarianceWeight = 100, Clamp = 10, Steps = 5 };

    private static TeachingContext Context => BundledStatistics.Context(Tokens);

    private EditedModel Apply(EmmetSettings settings, params EditRequest[] requests)
    {
        var soFar = new EditedModel(Model);
        return Editor.Apply(soFar, Editor.Teach([.. requests.Select(Request)], soFar, settings, Context));
    }

    private float[] Weight(EditedModel edited) => edited.Model.Blocks[Settings().Layer].Mlp.Down.Matrices[0].Value.ToArray();
}
