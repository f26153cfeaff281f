using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Tests.Editing;

/// <summary>Facts that change, come back, or contradict each other: what answers, and what is told.</summary>
public sealed class ConflictTests : IDisposable
{
    private const int Facts = 40;

    private static readonly IReVaSettings Settings = new()
    {
        Layer = 4,
        Alpha = 1,
        Theta = 0.85f,
        RecWeight = 0.1f,
        IrrWeight = 0,
        Epochs = 10,
        AsPublished = false,
    };

    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 2 });
    private readonly EditRequest[] old, renewed;

    public ConflictTests()
    {
        session.UseMemory();
        IReadOnlyList<EditRecord> records = EditRecord.Load(TestFiles.Facts("counterfact"), Facts);
        old = [.. records.Select(record => new EditRequest(record.Prompt, record.Target, record.Subject))];
        renewed = [.. old.Select((fact, i) => fact with { Target = $"{old[(i + 1) % Facts].Target} and {old[(i + 2) % Facts].Target}" })];
    }

    public void Dispose() => session.Dispose();

    [Fact]
    public void The_newest_statement_answers_and_the_old_one_is_kept_linked_and_silent()
    {
        Teach(old);
        TeachingReport report = Teach(renewed);
        Assert.Equal(Facts, report.Superseded.Count);
        Assert.Equal((1, Facts + 1), (report.Superseded[0].Old.Id, report.Superseded[0].New.Id));
        Assert.DoesNotContain(report.Conflicts, conflict => conflict.IsSamePrompt);
        Assert.All(report.Answers, answer => Assert.True(answer.IsSaid, answer.Prompt));
        Edit first = session.Edit(1);
        Assert.Equal((EditStatus.Superseded, Facts + 1L), (first.Status, first.SupersededBy));
        Assert.NotEmpty(first.Parts);

        // Taking the new one back gives the base model's answer, not the old edit's.
        string before = session.Generate(new EditedModel(session.Model), old[0].Prompt, 1).Text;
        session.Withdraw(Facts + 1);
        Assert.Equal(before, session.Generate(old[0].Prompt, 1).Text);
    }

    [Fact]
    public void A_withdrawn_edit_does_not_block_a_new_one()
    {
        Teach(old);
        for (int id = 1; id <= Facts; id++) session.Withdraw(id);
        TeachingReport report = Teach(renewed);
        Assert.All(report.Answers, answer => Assert.True(answer.IsSaid, answer.Prompt));
        Assert.Empty(report.Superseded);
        Assert.Equal(EditStatus.Withdrawn, session.Edit(1).Status);
    }

    [Fact]
    public void What_was_withdrawn_or_removed_is_told_and_not_taught_unless_asked_for()
    {
        Teach(old[..3]);
        session.Withdraw(1);
        session.Remove(2);
        TeachingReport report = Teach(old[..3]);
        Assert.Empty(report.Added);
        Assert.Equal([1L], report.Silent.Select(edit => edit.Id));
        Assert.Equal([2L], report.Refused.Select(edit => edit.Id));
        Assert.Equal(3, report.Skipped);

        // What is withdrawn is restored, not taught anew.
        TeachingReport again = Teach(old[..3], new TeachingOptions { Again = true });
        Assert.Equal((4, 1), (again.Added.Single().Id, again.Silent.Single().Id));
        Assert.All(again.Answers, answer => Assert.True(answer.IsSaid));
    }

    [Fact]
    public void Of_a_prompt_that_comes_twice_the_last_target_is_taught()
    {
        TeachingReport report = Teach([old[0], old[1], renewed[0]]);
        Assert.Equal([old[1].Target, renewed[0].Target], report.Added.Select(edit => edit.Request.Target));
        Assert.Equal([old[0]], report.Overtaken);
        session.UseMemory();
        report = Teach([old[0], old[1], renewed[0]], new TeachingOptions { OnConflict = ConflictPolicy.Keep });
        Assert.Equal((3, 0), (report.Added.Count, report.Overtaken.Count));
    }

    [Fact]
    public void Another_wording_of_an_old_edit_is_found_and_told_or_superseded_or_refused()
    {
        EditRecord[] records = [.. EditRecord.Load(TestFiles.Facts("counterfact"), Facts).Where(record => record.Paraphrases.Count > 0)];
        EditRequest[] others = [.. records.Select(
            (record, i) => new EditRequest(record.Paraphrases[0], renewed[i].Target, record.Subject))];
        Teach(old);
        InputException refused = Assert.Throws<InputException>(
            () => Teach(others, new TeachingOptions { OnConflict = ConflictPolicy.Refuse }));
        Assert.Contains("another wording", refused.Message, StringComparison.Ordinal);
        Assert.Equal(Facts, session.Edits().Count);

        TeachingReport told = Teach(others);
        Assert.True(told.Conflicts.Count > Facts / 2, $"{told.Conflicts.Count}"); // at this θ most paraphrases fire
        Assert.Empty(told.Superseded);
        Assert.Equal(EditStatus.Active, session.Edit(1).Status);

        session.UseMemory();
        Teach(old);
        TeachingReport taken = Teach(others, new TeachingOptions { OnConflict = ConflictPolicy.Supersede });
        Assert.Equal(told.Conflicts.Count, taken.Superseded.Count);
        Assert.DoesNotContain(taken.Answers, answer => answer.Why == Shortfall.AnotherEdit);
        Assert.InRange(taken.Answers.Count(answer => answer.IsSaid), 0.95 * Facts, Facts); // not all are learnt in five steps
    }

    [Theory]
    [InlineData(ConflictPolicy.SupersedeSamePrompt)]
    [InlineData(ConflictPolicy.Keep)]
    [InlineData(ConflictPolicy.Refuse)]
    public void What_another_process_teaches_meanwhile_is_a_conflict_like_any_other(ConflictPolicy policy)
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        string path = folder.File("shared.db");
        session.OpenStore(path, StoreAccess.Create);
        IReadOnlyList<TokenizedRequest> requests = session.Tokenize(old[..2]);
        var meanwhile = new ProgressInOrder<Step>(step =>
        {
            if (step is not { What: "Teaching", Done: 1 }) return;
            using EditStore other = EditStore.Open(path);
            Edit first = other.Get(1);
            other.Add(first with { Request = first.Request with { Prompt = old[1].Prompt }, PromptTokens = requests[1].Tokens.Prompt });
        });
        var options = new TeachingOptions { IsSequential = true, OnConflict = policy };
        TeachingReport report = session.Teach(requests, Settings, options, meanwhile);
        Assert.Equal(policy == ConflictPolicy.Refuse ? 1 : 2, report.Added.Count);
        Assert.Equal(policy == ConflictPolicy.Refuse, report.Failure is not null);
        Assert.Equal(
            policy == ConflictPolicy.SupersedeSamePrompt ? EditStatus.Superseded : EditStatus.Active, session.Edit(2).Status);
        if (policy != ConflictPolicy.SupersedeSamePrompt) return;
        Assert.Equal((2, 3), (report.Superseded.Single().Old.Id, report.Superseded.Single().New.Id));
        Assert.Equal(old[1].Target, session.Generate(old[1].Prompt, 1).Text.Trim());
    }

    [Fact]
    public void Restoring_takes_over_from_whoever_took_over_also_in_other_words()
    {
        EditRecord record = EditRecord.Load(TestFiles.Facts("counterfact"), 1)[0];
        Teach(old[..1]);
        Teach([new EditRequest(record.Paraphrases[0], "seven")], new TeachingOptions { OnConflict = ConflictPolicy.Supersede });
        Assert.Equal(EditStatus.Superseded, session.Edit(1).Status);
        session.Restore(1);
        Assert.Equal((EditStatus.Active, EditStatus.Superseded), (session.Edit(1).Status, session.Edit(2).Status));
        Assert.Equal(old[0].Target, session.Generate(old[0].Prompt, 1).Text.Trim());
    }

    [Fact]
    public void Without_an_edit_what_it_superseded_answers()
    {
        Teach(old[..1]);
        Teach([old[0] with { Target = "seven" }]);
        EditedModel without = session.SideWithout([2]).Model;
        Assert.Equal(old[0].Target, session.Generate(without, old[0].Prompt, 1).Text.Trim());
    }

    [Fact]
    public void Who_is_cancelled_while_asking_is_told_that_all_is_stored()
    {
        using var stop = new CancellationTokenSource();
        TeachingReport report = session.Teach(
            session.Tokenize(old), Settings, progress: new ProgressInOrder<Step>(step =>
            {
                if (step is { What: "Teaching" } && step.Done == step.Total) stop.Cancel();
            }), cancellation: stop.Token);
        Assert.Equal((Facts, 0, true), (report.Added.Count, report.NotDone, report.IsUnasked));
        Assert.Empty(report.Answers);
    }

    [Fact]
    public void A_scan_of_the_store_finds_the_same_without_the_model()
    {
        Teach(old);
        Teach(renewed[..2], new TeachingOptions { OnConflict = ConflictPolicy.Keep });
        session.Withdraw(5);
        Teach([old[4] with { Prompt = "Well, " + old[4].Prompt, Target = "seven" }]);
        using var device = new CpuDevice(threads: 1);
        IReadOnlyList<Edit> stored = [.. session.Edits().Select(edit => session.Edit(edit.Id))];
        IReadOnlyList<EditConflict> conflicts = ConflictScan.Of(stored, device);
        foreach ((long edit, long other) in (ReadOnlySpan<(long, long)>)[(1, Facts + 1), (Facts + 1, 1), (2, Facts + 2), (Facts + 2, 2)])
            Assert.Contains(conflicts, conflict => (conflict.Edit, conflict.Other, conflict.Margin) == (edit, other, null));
        Assert.Contains(conflicts, conflict => (conflict.Edit, conflict.Other) == (Facts + 3, 5) && conflict.Margin > 0);
        Assert.DoesNotContain(conflicts, conflict => conflict.Edit == 5);
    }

    [Fact]
    public void Portions_of_a_list_give_the_edits_of_the_whole()
    {
        IReVaSettings settings = Settings with { IrrWeight = 1e-3f };
        EditRequest[] facts = old[..9];
        session.Teach(session.Tokenize(facts), settings);
        Edit[] whole = [.. session.Edits().Select(edit => session.Edit(edit.Id))];
        session.UseMemory();
        foreach (int portion in (int[])[2, 3, 1])
            session.Teach(session.Tokenize(facts), settings, new TeachingOptions { Share = (portion, 3) });
        Edit[] parts = [.. session.Edits().Select(edit => session.Edit(edit.Id))
            .OrderBy(edit => Array.FindIndex(facts, fact => fact == edit.Request))];
        Assert.Equal(whole.Select(edit => edit.Request), parts.Select(edit => edit.Request));
        foreach ((Edit a, Edit b) in whole.Zip(parts))
            Assert.Equal(a.Parts.SelectMany(part => part.Values), b.Parts.SelectMany(part => part.Values));
    }

    [Fact]
    public void What_is_not_said_is_told_with_the_reason()
    {
        CheckedAnswer weak = Teach(old[..1], settings: Settings with { Alpha = 1e-3f }).Answers[0];
        Assert.Equal((Shortfall.TooWeak, 1L), (weak.Why, weak.Edit));
        session.UseMemory();
        CheckedAnswer below = Teach(old[..1], settings: Settings with { WeightDecay = 25 }).Answers[0];
        Assert.Equal(Shortfall.BelowThreshold, below.Why);
        session.UseMemory();
        CheckedAnswer good = Teach(old[..1]).Answers[0];
        Assert.Equal((true, Shortfall.None), (good.IsSaid, good.Why));
        Assert.Equal(Math.Exp(-good.Loss * good.Expected.Count), good.Probability, 1e-9);
        Assert.Empty(Teach(old[1..2], new TeachingOptions { Check = false }).Answers);
    }

    private TeachingReport Teach(EditRequest[] facts, TeachingOptions? options = null, IReVaSettings? settings = null) =>
        session.Teach(session.Tokenize(facts), settings ?? Settings, options);
}
