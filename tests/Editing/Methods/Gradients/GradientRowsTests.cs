using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Gradients;

public sealed class GradientRowsTests : MethodTests
{
    private static readonly MlpMatrix[] Matrices = [new(3, IsUp: true), new(3, IsUp: false), new(5, IsUp: true), new(5, IsUp: false)];

    private EditTokens[] Edits =>
    [
        Request(new("The Legend of Zelda is developed by", "Nintendo")).Tokens,
        Request(new("Anatole France was born in", "the city of Rome")).Tokens,
        Request(new("Mike Trout plays in the position of", "outfielder")).Tokens,
    ];

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public void Their_products_add_up_to_the_gradient_that_autograd_has_of_the_weight(int which)
    {
        MlpMatrix matrix = Matrices[which];
        GradientRows[][] rows = GradientRows.Of(Model, Matrices, Edits, wholeText: true, CancellationToken.None);
        for (int e = 0; e < Edits.Length; e++)
        {
            using BufferScope scope = Device.Scope();
            var tape = new Tape();
            Variable? weight = null;
            CausalLm model = matrix.With(Model, linear => linear with
            {
                Matrices = [weight = tape.Parameter(linear.Matrices[0].Value.Float32Copy())],
            });
            tape.Backward(Ops.Scale(new AnswerTexts(Model, matrix.Layer, [Edits[e]]).Loss(model), Edits[e].Target.Length));
            float[] expected = weight!.Gradient!.ToArray(), sum = Sum(rows[e][which]);
            Assert.InRange(Distance(expected, sum) / Norm(expected), 0, 1e-5);
        }
    }

    [Fact]
    public void Where_a_target_token_is_predicted_they_are_the_same_as_in_the_whole_text()
    {
        GradientRows[][] whole = GradientRows.Of(Model, Matrices, Edits, wholeText: true, CancellationToken.None);
        GradientRows[][] answers = GradientRows.Of(Model, Matrices, Edits, wholeText: false, CancellationToken.None);
        for (int e = 0; e < Edits.Length; e++)
        {
            Assert.Equal(Edits[e].Input.Length, whole[e][1].Inputs.Length); // all positions of block 3 move the answer
            Assert.All(answers[e], rows => Assert.Equal(Edits[e].Target.Length, rows.Inputs.Length));
            Assert.Equal(whole[e][1].Inputs[Edits[e].First..], answers[e][1].Inputs);
            Assert.Equal(whole[e][1].Gradients[Edits[e].First..], answers[e][1].Gradients);
            Assert.Equal(whole[e][3].Gradients, answers[e][3].Gradients); // behind the last block nothing else is read
        }
    }

    [Fact]
    public void An_edit_has_them_in_company_bit_for_bit_as_alone()
    {
        GradientRows[][] together = GradientRows.Of(Model, Matrices, Edits, wholeText: true, CancellationToken.None);
        for (int e = 0; e < Edits.Length; e++)
        {
            GradientRows[] alone = GradientRows.Of(Model, Matrices, [Edits[e]], wholeText: true, CancellationToken.None)[0];
            for (int m = 0; m < Matrices.Length; m++)
            {
                Assert.Equal(alone[m].Inputs, together[e][m].Inputs);
                Assert.Equal(alone[m].Gradients, together[e][m].Gradients);
            }
        }
    }

    [Fact]
    public void A_run_that_was_ended_ends_before_a_pass() => Assert.Throws<OperationCanceledException>(
        () => GradientRows.Of(Model, Matrices, Edits, wholeText: true, new CancellationToken(canceled: true)));

    /// <summary>Σ_t x_t·δ_tᵀ, <c>[in,out]</c>, in double.</summary>
    private static float[] Sum(GradientRows rows)
    {
        int columns = rows.Gradients[0].Length;
        var sum = new double[rows.Inputs[0].Length * columns];
        for (int t = 0; t < rows.Inputs.Length; t++)
            for (int i = 0; i < sum.Length; i++) sum[i] += (double)rows.Inputs[t][i / columns] * rows.Gradients[t][i % columns];
        return [.. sum.Select(v => (float)v)];
    }
}
