using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.Serac;
using Sharpformer.Editing.Methods.Trained;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Routing;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Tests.Editing.Methods.Serac;

/// <summary>The scope classifier: what it learns, its slope, and what an edit's scope is.</summary>
public sealed class SeracTests : MethodTests
{
    private static readonly IReadOnlyList<EditRecord> Records = EditRecord.Load(TestFiles.Facts("counterfact"), limit: 60);

    private static readonly MetaExample[] Examples = [.. Records.Select(record =>
        MetaExample.Of(record, Tokens, ModelConfig.Load(TestFiles.Model).NPositions, new Triggers("", " Answer:")))];

    private SeracSettings Settings => SeracSettings.For(Model.Config);

    [Fact]
    public void Training_tells_other_wordings_from_unrelated_texts_that_it_has_not_seen()
    {
        (ScopeNet net, ScopeTrainer trainer) = New(Examples[..40]);
        MeasuredLoss before = trainer.Evaluate(Examples[40..], CancellationToken.None);
        for (int step = 0; step < 60; step++) trainer.Step(step, 20, CancellationToken.None);
        MeasuredLoss after = trainer.Evaluate(Examples[40..], CancellationToken.None);
        Assert.InRange(after.Loss, 0, before.Loss * 0.95);
        Assert.InRange(after.Terms!["kept"], 0.9, 1);
        Assert.Contains(net.Channels, a => Math.Abs(a - 1) > 0.1);
    }

    [Fact]
    public void The_step_goes_down_the_slope_that_differences_give()
    {
        // Adam's first step has the sign of the slope: the loss with one channel moved tells it.
        (ScopeNet net, ScopeTrainer trainer) = New(Examples[..10]);
        trainer.Step(0, 20, CancellationToken.None);
        float[] moved = net.Channels;
        (ScopeNet fresh, ScopeTrainer same) = New(Examples[..10]);
        int agreeing = 0, asked = 0;
        foreach (int channel in Enumerable.Range(0, 256).Where(c => c % 8 == 0))
        {
            double slope = LossAt(channel, +0.05f) - LossAt(channel, -0.05f);
            asked++;
            agreeing += Math.Sign(slope) == -Math.Sign(moved[channel] - 1) ? 1 : 0;
        }

        Assert.InRange(agreeing, asked - 2, asked); // two may be flat to within rounding

        double LossAt(int channel, float by)
        {
            float[] weights = [.. Enumerable.Range(0, 256).Select(c => c == channel ? 1 + by : 1)];
            Device.Upload(weights, fresh.Weights[0].Value);
            return same.Evaluate(Examples[..10], CancellationToken.None).Loss;
        }
    }

    [Fact]
    public void A_network_comes_back_from_its_file_and_makes_edits_that_hold_all_of_it()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        using var session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });
        string output = folder.File("net");
        EditorTrainingResult result = session.TrainEditor(new EditorTrainingJob
        {
            Settings = Settings,
            Plan = session.TrainingPlanFor(Settings) with { Steps = 5, Accumulate = 20, EvaluateEvery = 5 },
            Counts = Session.MetaWeightsFor(SeracSettings.Name),
            Records = Records,
            Triggers = new Triggers("", " Answer:"),
            Output = output,
        });
        Assert.Equal((5, 256L), (result.Steps, result.Parameters));
        session.UseMemory();
        EditSettings settings = session.WithNet(session.SettingsFor(SeracSettings.Name), output);
        session.Teach(
            session.Tokenize([.. Records.Take(3).Select(record => record.ToRequest(""))]), (SeracSettings)settings with { Scope = 0.4f },
            new TeachingOptions { NetFile = output, Check = false });
        Edit edit = session.Store.List(withParts: true, includeRemoved: false)[0];
        Assert.Equal(SecureHash.Sha256OfFile(output), ((SeracSettings)edit.Settings).Net);
        Assert.NotEqual(1, edit.Part(TextRouter.WeightsName)!.Values[0]);
        Assert.StartsWith(
            session.TextOf([.. edit.Part("text")!.Values.Select(id => (int)id)]),
            session.TextOf(session.Edited.Reading(session.PromptTokens(Records[0].Prompt)).Tokens), StringComparison.Ordinal);

        var without = Assert.Throws<InputException>(() => session.Teach(
            session.Tokenize([Records[5].ToRequest("")]), settings, new TeachingOptions { NetFile = folder.File("none") }));
        Assert.Contains("needs a network that was trained", without.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_edit_answers_within_its_scope_its_own_prompt_by_1()
    {
        SeracSettings settings = SeracSettings.For(Model.Config, SeracSettings.Untrained);
        Assert.Equal(-Math.Sqrt(Math.Log(2)), (settings with { Scope = 0.5f }).Threshold, 1e-6);
        var editor = new SeracEditor();
        EditedModel plain = new(Model) { Tokenizer = Tokens };
        TeachingContext context = new() { Tokenizer = Tokens, BosId = Tokens.BosId, EosId = Tokens.EosId };
        TokenizedRequest request = Request(new("Lucian Freud died in", "London"));
        Edit edit = editor.Teach([request], plain, settings, context)[0] with { Id = 1 };
        int[] other = Tokens.Encode("Lucian Freud passed away in");
        double score = ScoreOf(edit, other), s = Math.Exp(-score * score);
        Assert.Equal(0, ScoreOf(edit, request.Tokens.Prompt));
        Assert.InRange(s, 0.05, 0.99);
        foreach ((float scope, bool answers) in new[] { ((float)s - 1e-3f, true), ((float)s + 1e-3f, false) })
        {
            EditedModel edited = editor.Apply(plain, [edit with { Settings = settings with { Scope = scope } }]);
            Assert.Equal(answers, edited.Reading(other).Tokens.Length > other.Length);
        }

        double ScoreOf(Edit of, int[] prompt)
        {
            IPromptRouter router = editor.Apply(plain, [of]).Routers[0];
            return router.Fire(router.Read(Model, [prompt]), RowTokens.None)[0].Score;
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void A_scope_that_is_none_is_refused_in_a_sentence(float scope) => Assert.Contains(
        "between 0 and 1", new SeracEditor().Refusal(new("a", "b"), Settings with { Scope = scope }), StringComparison.Ordinal);

    private (ScopeNet Net, ScopeTrainer Trainer) New(MetaExample[] examples)
    {
        var net = new ScopeNet(Settings, Model);
        return (net, new ScopeTrainer(
            Model, net, EditorNets.Plan(Settings, Model.Config).Settings, EditorNets.Counts(SeracSettings.Name), examples));
    }
}
