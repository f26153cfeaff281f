using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Rome;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Rome;

/// <summary>u·rᵀ where weights are stored the other way round.</summary>
public sealed class RomeFamilyTests
{
    [Theory]
    [InlineData("gpt2-tiny-f32")]
    [InlineData("gpt-neo-tiny")]
    [InlineData("gpt-j-tiny")]
    public void The_change_is_u_times_r_however_the_weight_lies(string name)
    {
        using var device = new CpuDevice(2);
        CausalLm model = CausalLm.Load(TestFiles.Golden(Path.Combine("families", name)), device);
        int m = model.Config.NInner, C = model.Config.NEmbd;
        var settings = new RomeSettings { Layer = 1 };
        float[] u = [.. Enumerable.Range(0, m).Select(i => MathF.Sin(i))], r = [.. Enumerable.Range(0, C).Select(i => MathF.Cos(3 * i))];
        var edit = new Edit
        {
            Request = new EditRequest("a", "b"),
            PromptTokens = [1],
            TargetTokens = [2],
            Settings = settings,
            Parts = [new EditPart(RomeEditor.Left(settings), [m], u), new EditPart(RomeEditor.Right(settings), [C], r)],
        };
        Assert.Null(settings.Misfit(edit, C));
        Assert.NotNull(settings.Misfit(edit, C + 1));

        EditedModel edited = new RomeEditor().Apply(new EditedModel(model), [edit]);
        LinearWeights before = model.Blocks[1].Mlp.Down, after = edited.Model.Blocks[1].Mlp.Down;
        float[] was = before.Matrices[0].Value.ToArray(), now = after.Matrices[0].Value.ToArray();
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < C; j++)
            {
                int at = before.IsOutIn ? j * m + i : i * C + j;
                Assert.Equal(was[at] + (double)u[i] * r[j], now[at], 1e-6);
            }
        }

        Assert.Same(model.Blocks[0], edited.Model.Blocks[0]);
        Assert.Same(before.Bias, after.Bias);
        Assert.Equal(1, edited.FirstTouched);
    }
}
