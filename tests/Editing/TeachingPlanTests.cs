using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;
using Sharpformer.Tests.Editing.Store;

namespace Sharpformer.Tests.Editing;

/// <summary>What a list of facts lacks in a store.</summary>
public sealed class TeachingPlanTests : IDisposable
{
    private static readonly IReVaSettings Settings = new() { Layer = StoreFolder.Layer };
    private readonly StoreFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_is_there_or_repeated_is_not_taught_again()
    {
        using EditStore store = folder.OpenWith(2);
        TeachingPlan plan = TeachingPlan.For(store, [Of(1), Of(3), Of(2), Of(3), Of(4)], Settings);
        Assert.Equal([Of(3).Request, Of(4).Request], plan.Missing.Select(request => request.Request));
        Assert.Equal([1L, 2L], plan.Known.Select(edit => edit.Id));
        Assert.Equal((0, 0), (plan.OtherwiseMade.Count, plan.Contradicted.Count));
        TeachingPlan otherwise = TeachingPlan.For(store, [Of(1), Of(3), Of(2)], Settings with { Theta = 0.5f });
        Assert.Equal([1L, 2L], otherwise.OtherwiseMade.Select(edit => edit.Id));
    }

    [Fact]
    public void A_withdrawn_edit_is_there_and_a_removed_one_is_not()
    {
        using EditStore store = folder.OpenWith(2);
        store.Withdraw(1);
        store.Remove(2);
        Assert.Equal([Of(2).Request], TeachingPlan.For(store, [Of(1), Of(2)], Settings).Missing.Select(request => request.Request));
    }

    [Fact]
    public void Another_target_for_a_prompt_contradicts_wherever_the_first_one_is()
    {
        using EditStore store = folder.OpenWith(1);
        TeachingPlan plan = TeachingPlan.For(store, [Of(1), Other(1), Of(2), Other(2), Of(3)], Settings);
        Assert.Equal(4, plan.Missing.Count);
        Assert.Equal([Of(1).Request.Prompt, Of(2).Request.Prompt], plan.Contradicted);

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

        int[][] Prompts() => [.. TeachingPlan.For(store, requests, Settings).Prompts.DistinctBy(prompt => string.Join(' ', prompt))];
    }

    /// <summary>The fact of <see cref="StoreFolder.Edit"/>.</summary>
    private static TokenizedRequest Of(int i)
    {
        Edit edit = StoreFolder.Edit(i);
        return new TokenizedRequest(edit.Request, new EditTokens(edit.PromptTokens, edit.TargetTokens), []);
    }
}
