using Sharpformer.Editing;
using Sharpformer.Editing.Exchange;
using Sharpformer.Editing.Methods.Grace;
using Sharpformer.Editing.Methods.Lora;
using Sharpformer.Editing.Methods.Prefix;
using Sharpformer.Editing.Methods.Retrieval;
using Sharpformer.Editing.Methods.Serac;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing;

/// <summary>Methods that decide by the prompt, among others in one store and through the commands that every store has.</summary>
public sealed class MixedMethodsTests : IDisposable
{
    private static readonly EditRequest[] Facts =
        [new("Lucian Freud died in", "London", "Lucian Freud"), new("The capital of France is", "Rome", "France")];

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 2 });

    public void Dispose()
    {
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Whoever_answers_comes_first_whichever_method_was_there_before()
    {
        session.UseMemory();
        Teach(GraceSettings.For(session.Model.Config) with { Steps = 5 }, Facts[0]);
        Teach(session.SettingsFor(EditorCatalog.Default), Facts[1]);
        Explanation why = session.Explain(Facts[1].Prompt);
        Assert.Equal((2L, FiringState.Answers), (why.First.Edit, why.First.State));
        Assert.Contains(why.Nearest, firing => firing.Edit == 1);
    }

    [Theory]
    [InlineData(PrefixSettings.Name)]
    [InlineData(LoraSettings.Name)]
    public void Edits_that_share_a_change_are_withdrawn_measured_and_written_together(string method)
    {
        session.OpenStore(folder.File("store.db"), StoreAccess.Create);
        EditSettings settings = method == PrefixSettings.Name
            ? new PrefixSettings { Length = 3, Epochs = 15, LearningRate = 0.05f, KlWeight = 0 }
            : LoraSettings.For(session.Model.Config) with { Epochs = 15, LearningRate = 0.01f, Divergence = 0 };
        Teach(settings, Facts);
        IReadOnlyList<Edit> edits = session.Store.List(withParts: true, includeRemoved: false);
        WithdrawalReport report = session.Compute(() => new Evaluator(session.Edited, session.Tokenizer).Withdrawal(
            edits, _ => new EditedModel(session.Model) { Tokenizer = session.Tokenizer })); // one withdrawn, both are silent
        Assert.Equal((2, 100.0), (report.Edits, report.Con));
        Assert.DoesNotContain(session.Check(), answer => answer.Why == Shortfall.AnotherEdit);

        using var lines = new StringWriter();
        Assert.Equal(2, EditLines.Write(lines, session.Store));
        File.WriteAllText(folder.File("edits.jsonl"), lines.ToString());
        string copy = folder.File("copy.db");
        EditLines.Import(folder.File("edits.jsonl"), copy);
        float[] before = session.NextTokenLogits(Facts[1].Prompt);
        session.OpenStore(copy);
        Assert.Equal(before, session.NextTokenLogits(Facts[1].Prompt));
    }

    [Fact]
    public void What_a_dry_run_refuses_teaching_refuses_too_and_in_the_same_words()
    {
        session.UseMemory();
        RetrievalSettings retrieval = RetrievalSettings.For(session.Model.Config) with { Template = "no place" };
        SeracSettings serac = SeracSettings.For(session.Model.Config, SeracSettings.Untrained) with { Scope = 1 };
        EditSettings[] wrong = [retrieval, serac, new PrefixSettings { Length = 0 }, new PrefixSettings { Text = " " }];
        foreach (EditSettings settings in wrong)
        {
            string refusal = EditorCatalog.Named(settings.Method).Refusal(Facts[0], settings)!;
            Assert.Equal(refusal, Assert.Throws<InputException>(() => Teach(settings, Facts[0])).Message);
        }

        Assert.Empty(session.Edits());
    }

    [Fact]
    public void Training_that_runs_away_is_told_and_stores_nothing()
    {
        session.UseMemory();
        LoraSettings wild = LoraSettings.For(session.Model.Config) with { Alpha = 1e30f, Epochs = 2, Divergence = 0 };
        Assert.Contains("has run away", Assert.Throws<InputException>(() => Teach(wild, Facts[0])).Message, StringComparison.Ordinal);
        Assert.Empty(session.Edits());
    }

    [Fact]
    public void Of_two_answers_to_one_prompt_the_older_of_GRACE_keeps_its_reach()
    {
        session.UseMemory();
        GraceSettings settings = GraceSettings.For(session.Model.Config);
        Teach(settings, Facts[0]);
        Teach(settings, Facts[0] with { Target = "Paris" });
        Firing first = session.Explain(Facts[0].Prompt).First;
        Assert.Equal((1L, FiringState.Answers), (first.Edit, first.State));
    }

    private void Teach(EditSettings settings, params EditRequest[] facts) => session.Teach(
        session.Tokenize(facts), settings, new TeachingOptions { Check = false, OnConflict = ConflictPolicy.Keep });
}
