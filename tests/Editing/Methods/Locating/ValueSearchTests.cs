using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Tensors;
using Sharpformer.Tests.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Locating;

/// <summary>The search of values for several edits at once, on the bundled model.</summary>
public sealed class ValueSearchTests : MethodTests
{
    private const int Layer = 2;
    private static readonly EditRecord[] Records = [.. EditRecord.Load(TestFiles.Facts("counterfact"), 6)];
    private static readonly ValueSearchSettings Settings = new(Layer, 7, 0.5f, null, 0.05f, 0.5f, 4, 0.0625f);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_batch_finds_what_each_edit_finds_alone_also_where_some_end_early(bool withAttention)
    {
        SubjectPrompts[] edits = [.. Records.Select(record => Prompts(record, "", "You know. "))];
        double[] first = [.. edits.Select(edit => Find(Settings with { Steps = 1 }, withAttention, edit)[0].Loss)];
        double middle = first.Order().ElementAt(3);
        ValueSearchSettings settings = Settings with { StopLoss = (float)middle, EasesOffOnceSaid = withAttention };
        FoundValue[] together = Find(settings, withAttention, edits);
        for (int e = 0; e < edits.Length; e++)
        {
            FoundValue alone = Find(settings, withAttention, edits[e])[0];
            Devices.SameBits(alone.Value, together[e].Value, $"edit {e}");
            Assert.Equal(alone.Loss, together[e].Loss);
        }

        Assert.Contains(together.Zip(first), pair => pair.First.Loss == pair.Second); // there were some that had nothing to search
        Assert.Contains(together.Zip(first), pair => pair.First.Loss < 0.9 * pair.Second);
    }

    [Fact]
    public void The_gradient_with_both_deltas_is_that_of_central_differences()
    {
        ValueProblem problem = Problem(withAttention: true, Prompts(Records[0], "", "So. "), Prompts(Records[3], "", "So. "));
        var loss = new ValueLoss(Model, Settings with { KlWeight = 2 }, problem);
        int C = Model.Config.NEmbd;
        loss.At(Device.Zeros(new Shape(4, C)));
        var rng = new Rng(1);
        float[] at = Normal(rng, 4 * C);
        var tape = new Tape();
        Variable deltas = tape.Parameter(Device.From(at, 4, C));
        tape.Backward(Ops.Sum(loss.At(deltas).Each));
        float[] gradient = deltas.Gradient!.ToArray();
        for (int row = 0; row < 4; row++)
        {
            const float Step = 5e-3f;
            float[] direction = new float[4 * C];
            Normal(rng, C).CopyTo(direction, row * C);
            double expected = (At(Step) - At(-Step)) / (2 * Step), actual = gradient.Zip(direction, (g, d) => (double)g * d).Sum();
            Assert.True(Math.Abs(expected - actual) < 0.01 * Norm(gradient) + 1e-3, $"row {row}: {actual}, expected {expected}");

            double At(float step) =>
                loss.At(Device.From([.. at.Zip(direction, (a, d) => a + step * d)], 4, C)).Each.Value.ToArray().Sum(x => (double)x);
        }
    }

    [Fact]
    public void A_delta_is_no_longer_than_it_may_be()
    {
        SubjectPrompts edit = Prompts(Records[1], "");
        float[] origin = Problem(withAttention: false, edit).Origins[0];
        FoundValue found = Find(Settings with { Clamp = 0.1f }, withAttention: false, edit)[0];
        Assert.Equal(0.1 * Norm(origin), Norm([.. found.Value.Zip(origin, (a, b) => a - b)]), 1e-4 * Norm(origin));
    }

    [Fact]
    public void What_is_said_already_ends_a_search_that_eases_off()
    {
        int[] prompt = Tokens.Encode("Lucian Freud died in");
        int said = new DecodeSession(Model, 1, prompt.Length).Advance(new TokenBatch(prompt)).ToArray() is var logits
            ? Array.IndexOf(logits, logits.Max()) : 0;
        var edit = new SubjectPrompts([prompt, Tokens.Encode("Lucian Freud is a")], [1, 1], [prompt.Length - 1], [said]);
        ValueProblem problem = Problem(withAttention: true, edit);
        ValueSearchSettings never = Settings with { StopLoss = 0 };
        Assert.Equal(problem.Origins[0], ValueSearch.Find(Model, never with { EasesOffOnceSaid = true }, problem, default)[0].Value);
        Assert.NotEqual(problem.Origins[0], ValueSearch.Find(Model, never, problem, default)[0].Value);
    }

    [Fact]
    public void A_loss_layer_below_the_edited_block_is_refused()
    {
        ValueProblem problem = Problem(withAttention: false, Prompts(Records[0], ""));
        var error = Assert.Throws<InputException>(() => new ValueLoss(Model, Settings with { LossLayer = 1 }, problem));
        Assert.Contains("loss layer is 1, expected 2 to 5", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Templates_begin_with_the_given_words_and_are_no_longer_than_asked_for()
    {
        var context = new TeachingContext { Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId };
        PromptTemplates templates = PromptTemplates.Sample(Model, Tokens, ["The", "Therefore"], 6, new Rng(3), context);
        Assert.Equal("", templates.Texts[0]);
        Assert.StartsWith("The", templates.Texts[1], StringComparison.Ordinal);
        Assert.StartsWith("Therefore", templates.Texts[2], StringComparison.Ordinal);
        Assert.All(templates.Texts.Skip(1), text => Assert.InRange(Tokens.Encode(text[..^2]).Length, 1, 8));
        Assert.Equal(templates.Texts, PromptTemplates.Sample(Model, Tokens, ["The", "Therefore"], 6, new Rng(3), context).Texts);
    }

    private FoundValue[] Find(ValueSearchSettings settings, bool withAttention, params SubjectPrompts[] edits) =>
        ValueSearch.Find(Model, settings, Problem(withAttention, edits), default);

    private ValueProblem Problem(bool withAttention, params SubjectPrompts[] edits)
    {
        var prompts = new PromptBatch(edits);
        SubjectStates states = SubjectStates.Of(Model, Layer, prompts);
        float[][] origins = [.. states.Edits.Select(edit => withAttention ? edit.Output : edit.Stream)];
        if (!withAttention) return new ValueProblem(prompts, states.Below, origins);
        AttentionStates attention = AttentionStates.Of(Model, Layer, prompts);
        return new ValueProblem(prompts, states.Below, [.. origins, .. attention.Outputs]) { Middle = attention.Middle };
    }

    private SubjectPrompts Prompts(EditRecord record, params string[] templates) => SubjectPrompts.Of(
        "test", Tokens, Request(record.ToRequest("")), templates, Model.Config.NPositions);

    private static float[] Normal(Rng rng, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)rng.NextNormal() / MathF.Sqrt(count))];
}
