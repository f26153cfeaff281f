using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Retrieval;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;

namespace Sharpformer.Tests.Editing.Methods.Retrieval;

/// <summary>A fact that is put before a prompt does what the same text does that somebody writes there.</summary>
public sealed class RetrievalEditorTests : MethodTests
{
    private static readonly RetrievalEditor Editor = new();

    private static readonly EditRequest[] Facts =
    [
        new("The Legend of Zelda is developed by", "Nintendo"),
        new("Lucian Freud died in", "the city of London"),
        new("Mike Trout plays in the position of", "outfielder"),
    ];

    // Plain data, which outlives the device that it was taught on: the embedding takes the model some hundreds of texts.
    private static readonly Lazy<Edit[]> Taught = new(() =>
    {
        using var device = new CpuDevice(1);
        var model = CausalLm.Load(TestFiles.Model, device);
        TokenizedRequest[] requests = [.. Facts.Select(fact => TokenizedRequest.Of(Tokens, fact, model.Config.NPositions))];
        return [.. Editor.Teach(requests, new EditedModel(model) { Tokenizer = Tokens }, RetrievalSettings.For(model.Config), Context)
            .Select((edit, i) => edit with { Id = i + 1 })];
    });

    private RetrievalSettings Settings => RetrievalSettings.For(Model.Config);

    private static TeachingContext Context => new()
    {
        Tokenizer = Tokens,
        BosId = Tokens.BosId,
        EosId = Tokens.EosId,
        Facts = Facts,
    };

    [Fact]
    public void An_edits_own_prompt_is_read_as_if_the_fact_stood_before_it_by_hand()
    {
        EditedModel edited = Edited(Settings);
        foreach (EditRequest fact in Facts)
        {
            int[] prompt = Tokens.Encode(fact.Prompt);
            int[] byHand = Tokens.Encode($"New fact: {fact.Prompt} {fact.Target}\n{fact.Prompt}");
            PromptReading reading = edited.Reading(prompt);
            Assert.Equal(byHand, reading.Tokens);
            Assert.Equal(Logits(Model, byHand), Logits(reading.Model, reading.Tokens));
            Firing firing = edited.Routers[0].Fire(edited.Routers[0].Read(Model, [prompt]), RowTokens.None)[0];
            Assert.Equal(1f, firing.Score, 1e-5f);
        }
    }

    [Fact]
    public void Scored_and_generated_answers_are_those_of_the_prompt_with_the_fact_and_the_decision_is_held()
    {
        EditedModel edited = Edited(Settings);
        TokenizedRequest request = Request(Facts[1] with { Target = "Paris and then in London" });
        Answer answer = new TeacherForcing(edited).Ask([new Question(request.Tokens, 2)])[0];
        int[] prefix = Tokens.Encode($"New fact: {Facts[1].Prompt} {Facts[1].Target}\n");
        int[] expected = [.. Enumerable.Range(0, request.Tokens.Target.Length).Select(i =>
            Best(Logits(Model, [.. prefix, .. request.Tokens.Prompt, .. request.Tokens.Target[..i]])))];
        Assert.Equal(expected, answer.Edited);
        Assert.All(answer.Spoke, edit => Assert.Equal(2, edit));
        Assert.Equal(answer.Base, answer.Withdrawn); // nothing else is near

        PromptReading reading = edited.Reading(request.Tokens.Prompt);
        int[] made = [.. Generator.Generate(Model, reading.Tokens, 6, [], new SamplingOptions(), reading.Openings)];
        int[] written = [.. Generator.Generate(Model, [.. prefix, .. request.Tokens.Prompt], 6, [], new SamplingOptions())];
        Assert.Equal(written, made);
    }

    [Fact]
    public void Above_every_cosine_nothing_is_found_and_the_base_model_answers_bit_for_bit()
    {
        EditedModel edited = Edited(Settings with { Threshold = 1.001f });
        foreach (EditRequest fact in Facts)
        {
            PromptReading reading = edited.Reading(Tokens.Encode(fact.Prompt));
            Assert.Same(Model, reading.Model);
            Assert.Equal(Tokens.Encode(fact.Prompt), reading.Tokens);
        }
    }

    [Fact]
    public void A_prompt_that_has_no_room_left_for_the_fact_is_refused_with_a_reason()
    {
        EditedModel edited = Edited(Settings with { Threshold = -1 });
        int[] prompt = [.. Enumerable.Repeat(5, Model.Config.NPositions - 3)];
        var error = Assert.Throws<InputException>(() => edited.Reading(prompt));
        Assert.Contains($"{prompt.Length}, the model's positions are {Model.Config.NPositions}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Demonstrations_are_other_facts_the_nearest_last_and_as_many_as_there_is_room_for()
    {
        RetrievalSettings ike = RetrievalSettings.For(Model.Config, RetrievalSettings.Ike) with { Demonstrations = 2 };
        EditedModel edited = Edited(Settings); // whose embedding later edits share
        Edit edit = Editor.Teach([.. Facts.Select(Request)], edited, ike, Context)[0];
        string shown = Tokens.Decode([.. edit.Part("text")!.Values.Select(id => (int)id)]);
        Assert.EndsWith("New Fact: The Legend of Zelda is developed by Nintendo\nPrompt: ", shown, StringComparison.Ordinal);
        Assert.Equal(3, shown.Split("New Fact: ").Length - 1);
        Assert.DoesNotContain("Zelda is developed by Nintendo\nPrompt: The Legend", shown, StringComparison.Ordinal);

        var long3 = Request(Facts[0]) with { Request = Facts[0] with { Prompt = string.Concat(Enumerable.Repeat("one two ", 20)) } };
        Edit crowded = Editor.Teach([long3], edited, ike, Context)[0];
        Assert.InRange(crowded.Part("text")!.Values.Length + long3.Tokens.Input.Length, 80, Model.Config.NPositions);
    }

    [Fact]
    public void Settings_that_cannot_be_used_are_refused_in_a_sentence()
    {
        Assert.Null(Editor.Refusal(Facts[0], Settings));
        Assert.Contains(
            "expected a text with {fact}", Editor.Refusal(Facts[0], Settings with { Template = "New fact" }), StringComparison.Ordinal);
        Assert.Contains(
            "demonstration", Editor.Refusal(Facts[0], Settings with { Demonstrations = 1, Demonstration = "x" }),
            StringComparison.Ordinal);
        var alone = new TeachingContext { Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId };
        Assert.Throws<InputException>(() => Editor.Teach(
            [Request(Facts[0])], Edited(Settings), Settings with { Demonstrations = 1 }, alone));
    }

    [Fact]
    public void Parts_of_another_shape_are_told()
    {
        Edit edit = Taught.Value[0];
        Assert.Null(Settings.Misfit(edit, Model.Config.NEmbd));
        Assert.Contains("expected [8]", Settings.Misfit(edit, 8), StringComparison.Ordinal);
        Edit without = edit with { Parts = [.. edit.Parts.SkipLast(1)] };
        Assert.Contains("no part 'text'", Settings.Misfit(without, 256), StringComparison.Ordinal);
    }

    [Fact]
    public void Edits_taught_later_share_the_mean_of_those_that_are_there()
    {
        EditedModel edited = Edited(Settings);
        Edit later = Editor.Teach([Request(new("Paris is the capital of", "Italy"))], edited, Settings with { Seed = 99 }, Context)[0];
        Assert.Equal(Taught.Value[0].Part("mean")!.Values, later.Part("mean")!.Values);
        Assert.Single(Editor.Apply(edited, [later with { Id = 4 }]).Routers);
    }

    // When edits answer is decided where they are applied.
    private EditedModel Edited(RetrievalSettings settings) => Editor.Apply(
        new EditedModel(Model) { Tokenizer = Tokens }, [.. Taught.Value.Select(edit => edit with { Settings = settings })]);

    private float[] Logits(CausalLm model, int[] tokens)
    {
        using BufferScope scope = Device.Scope();
        return new DecodeSession(model, 1, tokens.Length).Advance(new TokenBatch(tokens)).ToArray();
    }

    private static int Best(float[] logits) => Array.IndexOf(logits, logits.Max());
}
