using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.AlphaEdit;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Tensors;
using Sharpformer.Tests.Editing.Methods.Locating;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.AlphaEdit;

/// <summary>AlphaEdit from first principles, on the bundled model.</summary>
public sealed class AlphaEditEditorTests : MethodTests
{
    private static readonly AlphaEditEditor Editor = new();
    private static readonly EditRecord[] Records = [.. EditRecord.Load(TestFiles.Facts("counterfact"), 5)];

    [Fact]
    public void With_every_direction_free_the_first_batch_is_memits_solution_with_lambda_for_its_covariance()
    {
        AlphaEditSettings settings = Settings() with { Threshold = float.MaxValue, Layers = 1 };
        Edit[] edits = Taught(settings)[..2];
        EditColumn[] columns = [.. edits.Select(edit => BatchParts.Column(edit, settings.Layer))];
        foreach (EditColumn column in columns) // P = I
            for (int i = 0; i < column.Key.Length; i++) Assert.Equal(column.Key[i], column.Dual[i], 1e-5);
        var same = new LayerChange(Model, settings.Layer, Device);
        same.Add([.. columns.Select(column => column with { Dual = column.Key })], settings.Lambda);
        float[] expected = Weight(new EditedModel(same.Model), 2), actual = Weight(Editor.Apply(new EditedModel(Model), edits), 2);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-5);
    }

    [Fact]
    public void A_later_batch_leaves_the_answers_of_earlier_ones_nearly_alone()
    {
        AlphaEditSettings settings = Settings() with { Lambda = 1e-3f };
        Edit[] edits = Taught(settings);
        EditedModel first = Editor.Apply(new EditedModel(Model), edits[..2]), all = Editor.Apply(first, edits[2..]);
        float[] was = Weight(first, 1), now = Weight(all, 1);
        EditColumn early = BatchParts.Column(edits[0], 1), late = BatchParts.Column(edits[2], 1);
        Assert.True(Moved(early) < 0.01 * Moved(late), $"{Moved(early)} beside {Moved(late)}");

        double Moved(EditColumn column)
        {
            int C = Model.Config.NEmbd;
            double[] change = new double[C];
            for (int i = 0; i < column.Key.Length; i++)
                for (int c = 0; c < C; c++) change[c] += column.Key[i] * ((double)now[i * C + c] - was[i * C + c]);
            return Math.Sqrt(change.Sum(x => x * x));
        }
    }

    [Fact]
    public void Whatever_is_withdrawn_the_rest_is_the_fold_over_the_rest()
    {
        Edit[] edits = Taught(Settings());
        Edit[] without = [.. edits.Select((edit, i) => i is 1 or 4 ? edit with { Status = EditStatus.Withdrawn } : edit)];
        EditedModel expected = Editor.Apply(new EditedModel(Model), [edits[0], edits[2], edits[3]]);
        EditedModel actual = Editor.Apply(new EditedModel(Model), without);
        EditedModel step = Editor.Apply(Editor.Apply(Editor.Apply(new EditedModel(Model), without[..2]), without[2..4]), without[4..]);
        foreach (int layer in (int[])[1, 2])
        {
            Devices.SameBits(Weight(expected, layer), Weight(actual, layer), $"block {layer}");
            Devices.SameBits(Weight(expected, layer), Weight(step, layer), $"block {layer}, batch by batch");
        }

        EditedModel two = Editor.Apply(new EditedModel(Model), edits[..4]), three = Editor.Apply(two, edits[4..]); // the last one leaves
        Assert.NotEqual(Weight(two, 1), Weight(three, 1));
        Edit[] last = [.. edits.Select((edit, i) => i == 4 ? edit with { Status = EditStatus.Withdrawn } : edit)];
        Devices.SameBits(Weight(two, 1), Weight(Editor.Apply(new EditedModel(Model), last), 1), "the last batch withdrawn");
    }

    [Fact]
    public void Other_directions_cannot_sit_in_the_same_store()
    {
        AlphaEditSettings settings = Settings();
        (settings with { Lambda = 3, Steps = 1 }).RequireBeside(settings, "s.db");
        var error = Assert.Throws<InputException>(() => (settings with { Energy = 0.1f }).RequireBeside(settings, "s.db"));
        const string Both = "blocks 1 to 2 and energy 0.05, these are to have blocks 1 to 2 and energy 0.1";
        Assert.Contains(Both, error.Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => (settings with { Layers = 1 }).RequireBeside(settings, "s.db"));
    }

    [Theory]
    [InlineData("gpt2", 1600, 48, 17, 5, 20)]
    [InlineData("gptj", 4096, 28, 8, 6, 25)]
    public void Published_models_have_their_presets(string type, int nEmbd, int nLayer, int last, int count, int steps)
    {
        ModelConfig config = Model.Config with { ModelType = type, NEmbd = nEmbd, NLayer = nLayer };
        var settings = AlphaEditSettings.For(config);
        Assert.Equal((last, count, steps), (settings.Layer, settings.Layers, settings.Steps));
        Assert.Equal((10f, 2e-2f, 100, 0.75f), (settings.Lambda, settings.Threshold, settings.BatchSize, settings.Clamp));
    }

    private AlphaEditSettings Settings() => AlphaEditSettings.For(Model.Config) with
    {
        Layer = 2,
        Layers = 2,
        Lambda = 0.4f,
        Energy = 0.05f,
        Clamp = 10,
        Steps = 4,
        BatchSize = 2,
    };

    private Edit[] Taught(AlphaEditSettings settings)
    {
        TeachingContext context = BundledStatistics.Context(Tokens);
        TokenizedRequest[] requests = [.. Records.Select(record => Request(record.ToRequest("")))];
        var soFar = new EditedModel(Model);
        var edits = new List<Edit>();
        long batch = 0;
        foreach (IReadOnlyList<TokenizedRequest> portion in Editor.Batches(requests, settings, context))
        {
            batch++;
            Edit[] made = [.. Editor.Teach(portion, soFar, settings, context).Select(edit => edit with { Batch = batch })];
            edits.AddRange(made);
            soFar = Editor.Apply(soFar, made);
        }

        return [.. edits];
    }
}
