using Sharpformer.Autograd;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Gradients;
using Sharpformer.Editing.Methods.Prefix;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Prefix;

/// <summary>A learnt prefix: what it is before it learns, its slope, and what comes of several.</summary>
public sealed class PrefixTests : MethodTests
{
    private static readonly PrefixEditor Editor = new();
    private static readonly EditRequest[] Facts = [new("Lucian Freud died in", "London"), new("The capital of France is", "Rome")];
    private static readonly PrefixSettings Untrained = new() { Length = 6, Epochs = 0, KlWeight = 0, Text = "One fact:" };

    private static TeachingContext Context => new() { Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId };

    [Fact]
    public void Before_it_learns_it_is_the_cache_of_its_text_bit_for_bit()
    {
        EditedModel edited = Applied(Teach(new EditedModel(Model), Untrained));
        int[] said = Tokens.Encode(Untrained.Text), text = [.. Enumerable.Range(0, 6).Select(i => said[i % said.Length])];
        int[] prompt = Tokens.Encode("Mike Trout plays in the position of");
        PromptReading reading = edited.Reading(prompt);
        Assert.Equal(prompt.Length + 6, reading.Tokens.Length);
        Assert.Equal(Logits(Model, [.. text, .. prompt], []), Logits(reading.Model, reading.Tokens, reading.Openings));

        int[] byText = [.. Generator.Generate(Model, [.. text, .. prompt], 5, [], new SamplingOptions())];
        int[] byPrefix = [.. Generator.Generate(reading.Model, reading.Tokens, 5, [], new SamplingOptions(), reading.Openings)];
        Assert.Equal(byText, byPrefix); // decoding token by token, with what the cache holds
    }

    [Theory]
    [InlineData("gpt2-tiny-f32")]
    [InlineData("gpt-neo-tiny")]
    [InlineData("gpt-j-tiny")]
    public void Its_slope_is_that_of_differences(string family)
    {
        CausalLm model = CausalLm.Load(TestFiles.Golden(Path.Combine("families", family)), Device);
        var rng = new Rng(5);
        int C = model.Config.NEmbd, n = 2;
        float[][] start =
            [.. model.Blocks.Select(_ => Enumerable.Range(0, n * 3 * C).Select(_ => (float)(rng.NextDouble() - 0.5)).ToArray())];
        EditTokens[] edits = [new([1, 2, 7, 9], [4, 5]), new([1, 2, 11], [6])];
        Tensor[] slopes = [];
        double at = Loss(start, keep: true);
        foreach (int block in (int[])[0, model.Blocks.Count - 1])
        {
            foreach (int i in (int[])[C + 1, (2 * C) + 3, (4 * C) + 2, (5 * C) + 1]) // keys and values of either position
            {
                double difference = (Moved(block, i, 2e-2f) - Moved(block, i, -2e-2f)) / 4e-2;
                Assert.Equal(difference, slopes[block].ToArray()[i], 2e-3 + (0.03 * Math.Abs(difference)));
            }

            Assert.Equal(0, slopes[block].ToArray()[0]); // a query of a prefix asks nothing
        }

        Assert.InRange(at, 0.1, 20);

        double Moved(int block, int i, float by) => Loss(
            [.. start.Select((rows, b) => b == block ? [.. rows.Select((x, j) => j == i ? x + by : x)] : rows)], keep: false);

        double Loss(float[][] rows, bool keep)
        {
            var tape = new Tape();
            Variable[] parameters = [.. rows.Select(own => tape.Parameter(Device.From(own, n, 3 * C)))];
            EditTokens[] longer = [.. edits.Select(edit => edit with { Prompt = [0, 0, .. edit.Prompt] })];
            Variable loss = new AnswerTexts(model, 0, longer).Loss(model, PrefixParts.Openings(parameters, first: 0));
            double value = loss.Value.ToScalar();
            if (!keep) return value;
            tape.Backward(loss);
            slopes = [.. parameters.Select(parameter => parameter.Gradient!)];
            return value;
        }
    }

    [Fact]
    public void Keys_and_values_of_zero_are_not_nothing()
    {
        Edit[] edits = Teach(new EditedModel(Model), Untrained);
        EditPart prefix = edits[0].Part(PrefixParts.Prefix)!;
        edits[0] = edits[0] with { Parts = [prefix with { Values = new float[prefix.Values.Length] }, edits[0].Part(PrefixParts.Edits)!] };
        int[] prompt = Tokens.Encode("Lucian Freud died in");
        PromptReading reading = Applied(edits).Reading(prompt);
        Assert.NotEqual(Logits(Model, prompt, []), Logits(reading.Model, reading.Tokens, reading.Openings));
    }

    [Fact]
    public void A_second_batch_stands_behind_the_first_and_leaves_it_as_it_is()
    {
        Edit[] first = Teach(new EditedModel(Model), Untrained);
        EditedModel one = Applied(first);
        Edit[] second = [.. Teach(one, Untrained with { Length = 3, Text = "and" })
            .Select(edit => edit with { Id = edit.Id + 2, Batch = 2 })];
        EditedModel both = Editor.Apply(one, second);
        int[] prompt = Tokens.Encode("Lucian Freud died in"), said = Tokens.Encode(Untrained.Text), and = Tokens.Encode("and");
        int[] text =
            [.. Enumerable.Range(0, 6).Select(i => said[i % said.Length]), .. Enumerable.Range(0, 3).Select(i => and[i % and.Length])];
        PromptReading reading = both.Reading(prompt);
        Assert.Equal(Logits(Model, [.. text, .. prompt], []), Logits(reading.Model, reading.Tokens, reading.Openings));
        Assert.True(both.Routers[0].Holds(1) && both.Routers[0].Holds(4));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_and_unrelated_texts_count()
    {
        PrefixSettings settings = Untrained with { Epochs = 2, KlWeight = 0.5f, Chunk = 1, LearningRate = 0.01f };
        float[] one = Teach(new EditedModel(Model), settings)[0].Part(PrefixParts.Prefix)!.Values;
        Assert.Equal(one, Teach(new EditedModel(Model), settings)[0].Part(PrefixParts.Prefix)!.Values);
        Assert.NotEqual(one, Teach(new EditedModel(Model), settings with { KlWeight = 0 })[0].Part(PrefixParts.Prefix)!.Values);
    }

    [Fact]
    public void What_cannot_be_is_refused_in_a_sentence()
    {
        Assert.Null(Editor.Refusal(Facts[0], Untrained));
        Assert.Contains("expected 1 or more", Editor.Refusal(Facts[0], Untrained with { Length = 0 }), StringComparison.Ordinal);
        Assert.Contains("blank", Editor.Refusal(Facts[0], Untrained with { Text = " " }), StringComparison.Ordinal);
        var error = Assert.Throws<InputException>(() => Teach(new EditedModel(Model), Untrained with { Length = 125 }));
        Assert.Contains("the prefix 125, the model's positions are 128", error.Message, StringComparison.Ordinal);
        Edit[] edits = Teach(new EditedModel(Model), Untrained);
        Assert.Null(Untrained.Misfit(edits[0], 256));
        Assert.Null(Untrained.Misfit(edits[1], 256));
        Assert.Contains("expected [blocks,6,512]", (Untrained with { Length = 6 }).Misfit(
            edits[0] with { Parts = [new EditPart(PrefixParts.Prefix, [1, 1, 1], [0]), new EditPart(PrefixParts.Edits, [1], [2])] }, 256),
            StringComparison.Ordinal);
    }

    private Edit[] Teach(EditedModel soFar, PrefixSettings settings) =>
        [.. Editor.Teach([.. Facts.Select(Request)], soFar, settings, Context).Select((edit, i) => edit with { Id = i + 1, Batch = 1 })];

    private EditedModel Applied(Edit[] edits) => Editor.Apply(new EditedModel(Model), edits);

    private float[] Logits(CausalLm model, int[] tokens, IReadOnlyList<Opening> openings)
    {
        using BufferScope scope = Device.Scope();
        return new DecodeSession(model, 1, tokens.Length, openings).Advance(new TokenBatch(tokens)).ToArray();
    }
}
