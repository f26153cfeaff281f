using Sharpformer.Editing;
using Sharpformer.Editing.Store;
using Sharpformer.Tests.Editing.Store;

namespace Sharpformer.Tests.Editing;

/// <summary>What a list of facts lacks in a store.</summary>
public sealed class TeachingPlanTests : IDisposable
{
    private readonly StoreFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_is_there_or_repeated_is_not_taught_again()
    {
        using EditStore store = folder.OpenWith(2);
        TeachingPlan plan = TeachingPlan.For(store, [Of(1), Of(3), Of(2), Of(3), Of(4)]);
        Assert.Equal([Of(3).Request, Of(4).Request], plan.Missing.Select(request => request.Request));
        Assert.Equal([1L, 2L], plan.Known.Select(edit => edit.Id));
        Assert.Equal([1L, 2L], plan.There.Select(edit => edit.Id));
        Assert.Equal((0, 0, 0), (plan.Silent.Count, plan.Removed.Count, plan.Conflicts.Count));
    }

    [Fact]
    public void A_withdrawn_edit_is_there_silently_and_a_removed_one_was_not_wanted()
    {
        using EditStore store = folder.OpenWith(2);
        store.Withdraw(1);
        store.Remove(2);
        TeachingPlan plan = TeachingPlan.For(store, [Of(1), Of(2)]);
        Assert.Equal((1, 2), (plan.Silent.Single().Id, plan.Removed.Single().Id));
        Assert.Empty(plan.Missing);
        TeachingPlan again = TeachingPlan.For(store, [Of(1), Of(2)], again: true);
        Assert.Equal([Of(2).Request], again.Missing.Select(request => request.Request));
        Assert.Equal(1, again.Silent.Single().Id); // restoring brings it back as it was
    }

    [Fact]
    public void Another_target_for_a_prompt_meets_the_edit_that_has_it_and_the_last_of_a_list_counts()
    {
        using EditStore store = folder.OpenWith(1);
        TokenizedRequest[] list = [Of(1), Other(1), Of(2), Other(2), Of(3)];
        TeachingPlan plan = TeachingPlan.For(store, list);
        Assert.Equal([list[1], list[3], list[4]], plan.Missing);
        Assert.Equal([list[0], list[2]], plan.Overtaken);
        Assert.Equal([(list[1], 1L, true)], plan.Conflicts.Select(conflict => (conflict.Request, conflict.Edit.Id, conflict.IsSamePrompt)));
        TeachingPlan kept = TeachingPlan.For(store, list, ConflictPolicy.Keep);
        Assert.Equal(list[1..], kept.Missing);
        Assert.Empty(kept.Overtaken);

        static TokenizedRequest Other(int i) => Of(i) with { Tokens = new EditTokens(Of(i).Tokens.Prompt, [7, 8]) };
    }

    [Fact]
    public void A_run_that_goes_on_chooses_among_the_prompts_it_began_with()
    {
        TokenizedRequest[] requests = [Of(3), Of(1), Of(4), Of(2)];
        using EditStore store = folder.OpenWith(1);
        int[][] before = Prompts(), after;
        store.Add(StoreFolder.Edit(3));
        after = Prompts();
        Assert.Equal([3, 1, 4, 2], before.Select(prompt => prompt[0]));
        Assert.Equal(before, after);

        int[][] Prompts() => [.. TeachingPlan.For(store, requests).Prompts.DistinctBy(prompt => string.Join(' ', prompt))];
    }

    /// <summary>The fact of <see cref="StoreFolder.Edit"/>.</summary>
    private static TokenizedRequest Of(int i)
    {
        Edit edit = StoreFolder.Edit(i);
        return new TokenizedRequest(edit.Request, new EditTokens(edit.PromptTokens, edit.TargetTokens), []);
    }
}
