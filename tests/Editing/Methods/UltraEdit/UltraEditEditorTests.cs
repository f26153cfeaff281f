using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.UltraEdit;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Methods.UltraEdit;

/// <summary>UltraEdit's first principles (section 3 of the paper), on the bundled model, against float64.</summary>
public sealed class UltraEditEditorTests : MethodTests
{
    private static readonly UltraEditEditor Editor = new();
    private static readonly UltraEditSettings Settings = new() { Layer = 5, Layers = 2, LearningRate = 1e-4f, WarmUp = 200 };

    private static readonly EditRequest[] Facts =
    [
        new("The Legend of Zelda is developed by", "Nintendo"),
        new("Lucian Freud died in", "the city of London"),
        new("Mike Trout plays in the position of", "outfielder"),
    ];

    private static TeachingContext Context => new() { Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId };

    [Fact]
    public void One_row_moves_its_own_output_by_what_the_ridge_leaves_of_v()
    {
        Edit edit = Teach([Facts[0]], Settings)[0];
        Assert.Equal(1, edit.Part("5.h")!.Shape[0]);
        foreach (int layer in (int[])[4, 5])
        {
            float[] h = edit.Part($"{layer}.h")!.Values, v = edit.Part($"{layer}.v")!.Values;
            double square = Norm(h) * Norm(h);
            float[] change = Change(Editor.Apply(new EditedModel(Model), [edit]), layer);
            float[] expected = [.. h.SelectMany(x => v.Select(y => (float)(x * (double)y / (1 + square))))];
            Assert.InRange(Distance(expected, change) / Norm(expected), 0, 1e-5);
        }
    }

    [Fact]
    public void A_turn_is_the_ridge_regression_of_its_rows()
    {
        List<Edit> edits = Teach(Facts, Settings);
        float[][] H = [.. edits.SelectMany(edit => Rows(edit, "4.h"))], V = [.. edits.SelectMany(edit => Rows(edit, "4.v"))];
        float[] change = Change(Editor.Apply(new EditedModel(Model), edits), 4);

        // (HᵀH + I)·ΔW = HᵀV, the primal form, which the editor does not compute.
        int m = H[0].Length, C = V[0].Length;
        double worst = 0, largest = 0;
        double[,] moved = new double[H.Length, C];
        for (int t = 0; t < H.Length; t++)
            for (int c = 0; c < C; c++) moved[t, c] = Enumerable.Range(0, m).Sum(i => (double)H[t][i] * change[i * C + c]);
        for (int i = 0; i < m; i++)
        {
            for (int c = 0; c < C; c++)
            {
                double left = change[i * C + c], right = 0;
                for (int t = 0; t < H.Length; t++) (left, right) = (left + H[t][i] * moved[t, c], right + (double)H[t][i] * V[t][c]);
                (worst, largest) = (Math.Max(worst, Math.Abs(left - right)), Math.Max(largest, Math.Abs(right)));
            }
        }

        Assert.InRange(worst / largest, 0, 1e-5);
    }

    [Fact]
    public void V_goes_down_the_whitened_gradient_as_far_as_the_whitened_input_is_long()
    {
        Edit edit = Teach([Facts[0]], Settings)[0];
        GradientRows rows = GradientRows.Of(Model, Settings.Matrices, [Request(Facts[0]).Tokens], false, CancellationToken.None)[0][1];
        RunningMoments moments = UltraEditParts.Moments(edit)!;
        double[] Whitened(float[] x, int from) =>
            [.. x.Select((value, i) => (value - moments.Mean[from + i]) / Math.Sqrt(moments.Squares[from + i] / (moments.Count - 1)))];
        double[] h = Whitened(rows.Inputs[0], 0), g = Whitened(rows.Gradients[0], rows.Inputs[0].Length);
        double square = h.Sum(v => v * v);
        float[] expected = [.. g.Select(v => (float)(-Settings.LearningRate * square * v))];
        Assert.InRange(Distance(expected, edit.Part("5.v")!.Values) / Norm(expected), 0, 1e-4);
    }

    [Fact]
    public void Without_whitening_a_lone_row_steps_down_the_loss()
    {
        GradientRows rows = GradientRows.Of(Model, [new(5, IsUp: false)], [Request(Facts[0]).Tokens], false, CancellationToken.None)[0][0];
        int width = rows.Inputs[0].Length + rows.Gradients[0].Length;
        float[] none = new float[width], ones = [.. Enumerable.Repeat(1f, width)];
        float[] v = UltraEditEditor.Moves(rows, RunningMoments.Of(2, none, ones), Settings)[0];
        double descent = rows.Gradients[0].Zip(v, (g, move) => (double)g * move).Sum(); // ⟨dL/dW, ΔW⟩, but for a positive factor
        Assert.True(descent < 0, $"along the gradient: {descent}");
    }

    [Fact]
    public void Teaching_lowers_the_loss_of_what_it_teaches()
    {
        foreach (EditRequest fact in Facts)
        {
            double before = AnswerTexts.Losses(Model, 4, [Request(fact).Tokens])[0];
            Assert.InRange(Teach([fact], Settings)[0].FinalLoss!.Value, 0, before - 0.1);
        }
    }

    [Fact]
    public void Two_edits_in_one_turn_are_another_solution_than_two_turns()
    {
        float[] one = Change(Fold(Settings), 5), two = Change(Fold(Settings with { BatchSize = 1 }), 5);
        Assert.NotEqual(one, two);

        EditedModel Fold(UltraEditSettings settings) => Editor.Apply(new EditedModel(Model), Teach(Facts[..2], settings));
    }

    [Fact]
    public void Withdrawing_the_only_edit_of_the_last_turn_gives_the_bits_before_it()
    {
        List<Edit> edits = Teach(Facts, Settings with { BatchSize = 1 });
        float[] before = Weight(Editor.Apply(new EditedModel(Model), [.. edits.Take(2)]), 5);
        Assert.NotEqual(before, Weight(Editor.Apply(new EditedModel(Model), edits), 5));
        Assert.Equal(before, Weight(Editor.Apply(new EditedModel(Model), [.. edits.Take(2), Withdrawn(edits[2])]), 5));
    }

    [Fact]
    public void A_turn_without_one_of_its_edits_is_the_solution_of_the_others()
    {
        List<Edit> edits = Teach(Facts, Settings);
        EditedModel without = Editor.Apply(new EditedModel(Model), [edits[0], Withdrawn(edits[1]), edits[2]]);
        EditedModel never = Editor.Apply(new EditedModel(Model), [edits[0], edits[2]]);
        foreach (int layer in (int[])[4, 5]) Assert.Equal(Weight(never, layer), Weight(without, layer));
    }

    [Fact]
    public void The_next_turn_goes_on_with_the_moments_of_the_last()
    {
        List<Edit> edits = Teach(Facts, Settings with { BatchSize = 1 });
        RunningMoments[] after = [.. edits.Select(edit => UltraEditParts.Moments(edit)!)];
        Assert.Equal(after[0].Count + 2 * edits[1].Part("5.h")!.Shape[0], after[1].Count); // two matrices share them
        Assert.Equal(after[1].Count + 2 * edits[2].Part("5.h")!.Shape[0], after[2].Count);
        Assert.InRange(after[0].Count, 2 * 150, 2 * 210); // about the rows of the warm-up that were asked for, twice
    }

    [Fact]
    public void As_published_gradients_are_shared_out_over_the_tokens_of_their_company()
    {
        UltraEditSettings ours = Settings with { WarmUp = 0 }, published = ours with { AveragesMiniBatch = true };
        List<Edit> edits = Teach(Facts, ours);
        RunningMoments alone = UltraEditParts.Moments(edits[0])!, shared = UltraEditParts.Moments(Teach(Facts, published)[0])!;
        int tokens = edits.Sum(edit => edit.Part("5.h")!.Shape[0]), m = Model.Config.NInner;
        Assert.True(tokens > Facts.Length);
        for (int c = 0; c < m; c++) Assert.Equal(alone.Mean[c], shared.Mean[c], 5);
        for (int c = m; c < alone.Mean.Length; c++)
            Assert.InRange(shared.Mean[c] * tokens - alone.Mean[c], -1e-5 * Math.Abs(alone.Mean[c]), 1e-5 * Math.Abs(alone.Mean[c]));
    }

    [Fact]
    public void Blocks_that_the_model_does_not_have_are_refused()
    {
        var fault = Assert.Throws<InputException>(() => Teach(Facts, Settings with { Layer = 1, Layers = 3 }));
        Assert.Equal("UltraEdit is to edit 3 blocks, the last being block 1, expected 1 to 2 blocks.", fault.Message);
    }

    [Fact]
    public void Parts_that_do_not_belong_together_are_told()
    {
        Edit edit = Teach([Facts[1]], Settings)[0];
        int C = Model.Config.NEmbd;
        Assert.Null(Settings.Misfit(edit, C));
        foreach (EditPart part in edit.Parts)
            Assert.NotNull(Settings.Misfit(edit with { Parts = [.. edit.Parts.Where(other => other != part)] }, C));
        Assert.NotNull((Settings with { Layers = 1 }).Misfit(edit, C));
        Assert.NotNull(Settings.Misfit(edit, C + 1));
    }

    private List<Edit> Teach(IReadOnlyList<EditRequest> facts, UltraEditSettings settings)
    {
        TeachingContext context = Context;
        var soFar = new EditedModel(Model);
        var edits = new List<Edit>();
        foreach (IReadOnlyList<TokenizedRequest> turn in Editor.Batches([.. facts.Select(Request)], settings, context))
        {
            long batch = edits.Count + 1;
            Edit[] made = [.. Editor.Teach(turn, soFar, settings, context).Select(edit => edit with { Batch = batch })];
            soFar = Editor.Apply(soFar, made);
            edits.AddRange(made);
        }

        return edits;
    }

    private float[] Change(EditedModel edited, int layer) =>
        [.. Weight(edited, layer).Zip(Weight(new EditedModel(Model), layer), (now, before) => now - before)];

    private static float[][] Rows(Edit edit, string part) => [.. edit.Part(part)!.Values.Chunk(edit.Part(part)!.Shape[1])];
}
