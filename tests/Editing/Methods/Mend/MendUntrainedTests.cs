using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Mend;

namespace Sharpformer.Tests.Editing.Methods.Mend;

/// <summary>MEND as the iReVa authors' program ran it, against the same written down in float64.</summary>
public sealed class MendUntrainedTests : MethodTests
{
    private static readonly MendEditor Editor = new();

    private MendSettings Settings => MendSettings.For(Model.Config, MendSettings.Untrained) with { Layers = 2 };

    private TokenizedRequest[] Facts =>
        [Request(new("Mark Twain died in the city of", "Vienna")), Request(new("The Legend of Zelda is developed by", "Nintendo"))];

    [Fact]
    public void Each_edit_adds_the_rate_times_its_gradient_normalised_by_all_so_far()
    {
        var soFar = new EditedModel(Model);
        var seen = new List<float[]>[] { [], [] };
        foreach (TokenizedRequest fact in Facts)
        {
            GradientRows[] rows =
                GradientRows.Of(soFar.Model, Settings.Matrices, [fact.Tokens], wholeText: true, CancellationToken.None)[0];
            Edit edit = Assert.Single(Editor.Teach([fact], soFar, Settings, Context()));
            EditedModel after = Editor.Apply(soFar, [edit]);
            for (int m = 0; m < rows.Length; m++)
            {
                float[][] together = [.. rows[m].Inputs.Zip(
                    rows[m].Gradients, (x, d) => (float[])[.. x, .. d.Select(v => v / fact.Tokens.Target.Length)])];
                seen[m % 2].AddRange(together);
                MlpMatrix matrix = Settings.Matrices[m];
                float[] expected = Change(together, seen[m % 2], rows[m].Inputs[0].Length);
                float[] was = matrix.Of(soFar.Model).Matrices[0].Value.ToArray(), now = matrix.Of(after.Model).Matrices[0].Value.ToArray();
                float[] moved = [.. now.Zip(was, (a, b) => a - b)];
                Assert.InRange(Distance(expected, moved) / Norm(expected), 0, 1e-3); // weights are float32, changes small
            }

            soFar = after;
        }
    }

    [Fact]
    public void Statistics_go_along_with_edits_also_withdrawn_ones_and_not_with_the_program()
    {
        EditedModel fresh = new(Model);
        Edit first = Editor.Teach([Facts[0]], fresh, Settings, Context())[0];
        float[] inOneGo = Second(Editor.Apply(fresh, [first]));
        Assert.Equal(inOneGo, Second(EditorCatalog.Apply(Model, [first])));
        EditedModel withdrawn = Editor.Apply(fresh, [Withdrawn(first)]);
        Assert.Same(fresh.Model, withdrawn.Model);
        Assert.Equal(
            2 * first.Part("256x1024.rows")!.Values[0],
            Editor.Teach([Facts[0]], withdrawn, Settings, Context())[0].Part("256x1024.rows")!.Values[0]);

        float[] Second(EditedModel soFar) => Editor.Teach([Facts[1]], soFar, Settings, Context())[0].Part("5.mlp.c_proj.x")!.Values;
    }

    [Fact]
    public void Parts_that_do_not_fit_are_told()
    {
        Edit edit = Editor.Teach([Facts[0]], new EditedModel(Model), Settings, Context())[0];
        Assert.Null(Settings.Misfit(edit, 256));
        Assert.Contains("expected [terms,128]", Settings.Misfit(edit, 128), StringComparison.Ordinal);
        Assert.Contains("no part '4.mlp.c_fc.x'", Settings.Misfit(edit with { Parts = [] }, 256), StringComparison.Ordinal);
        EditPart[] torn = [.. edit.Parts.Where(part => part.Name != "5.mlp.c_fc.d")];
        Assert.Contains("no part '5.mlp.c_fc.d'", Settings.Misfit(edit with { Parts = torn }, 256), StringComparison.Ordinal);
    }

    private static TeachingContext Context() => new() { BosId = Tokens.BosId, EosId = Tokens.EosId };

    /// <summary>1e-4·Σ x̂·δ̂ᵀ, <c>[in,out]</c>.</summary>
    private static float[] Change(float[][] rows, List<float[]> seen, int inputs)
    {
        int n = rows[0].Length, outputs = n - inputs;
        double[] means = [.. Enumerable.Range(0, n).Select(i => seen.Average(row => (double)row[i]))];
        double[] deviations =
            [.. Enumerable.Range(0, n).Select(i => Math.Sqrt(seen.Sum(row => Math.Pow(row[i] - means[i], 2)) / (seen.Count - 1)) + 1e-7)];
        var sum = new double[inputs * outputs];
        foreach (float[] row in rows)
        {
            double[] white = [.. row.Select((value, i) => (value - means[i]) / deviations[i])];
            for (int i = 0; i < sum.Length; i++) sum[i] += 1e-4 * white[i / outputs] * white[inputs + (i % outputs)];
        }

        return [.. sum.Select(v => (float)v)];
    }
}
