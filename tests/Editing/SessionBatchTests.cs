using Sharpformer.Editing;
using Sharpformer.Editing.Methods.Memit;
using Sharpformer.Editing.Methods.UltraEdit;
using Sharpformer.Tests.Editing.Methods.Locating;
using Sharpformer.Tests.Tensors;

namespace Sharpformer.Tests.Editing;

/// <summary>Edits that are one solution, in a session: what happens to the others when one of them changes.</summary>
public sealed class SessionBatchTests : IDisposable
{
    private static readonly EditRequest[] Facts =
    [
        new("The Legend of Zelda is developed by", "Nintendo", "The Legend of Zelda"),
        new("Lucian Freud died in", "London", "Lucian Freud"),
        new("Mike Trout plays in the position of", "outfielder", "Mike Trout"),
    ];

    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 2 });

    public SessionBatchTests() => session.UseMemory();

    public void Dispose() => session.Dispose();

    public static TheoryData<string> Methods => [MemitSettings.Name, UltraEditSettings.Name];

    [Theory, MemberData(nameof(Methods))]
    public void A_new_target_supersedes_one_edit_and_its_batch_is_solved_without_it(string method)
    {
        TeachingReport first = Teach(method, Facts);
        Assert.Equal([1L, 1, 1], first.Added.Select(edit => edit.Batch));
        TeachingReport second = Teach(method, new EditRequest("Lucian Freud died in", "Rome", "Lucian Freud"));
        (Edit old, Edit made) = Assert.Single(second.Superseded);
        Assert.Equal((2L, 4L), (old.Id, made.Id));
        Assert.Equal(
            [EditStatus.Active, EditStatus.Superseded, EditStatus.Active, EditStatus.Active], session.Edits().Select(edit => edit.Status));

        IReadOnlyList<Edit> edits = session.Store.List(withParts: true, includeRemoved: false);
        EditedModel never = EditorCatalog.Apply(session.Model, [edits[0], edits[2], edits[3]]);
        for (int layer = 0; layer < session.Model.Config.NLayer; layer++)
            Devices.SameBits(Weight(never, layer), Weight(session.Edited, layer), $"block {layer}");
    }

    [Theory, MemberData(nameof(Methods))]
    public void Withdrawn_edits_come_back_with_all_bits(string method)
    {
        Teach(method, Facts);
        float[][] all = Weights();
        session.Withdraw(1);
        session.Withdraw(3);
        Assert.NotEqual(all, Weights());
        session.Restore(3);
        session.Restore(1);
        Assert.Equal(all, Weights());
        foreach (Edit edit in session.Edits()) session.Withdraw(edit.Id);
        Assert.False(session.Edited.ChangesWeights);
    }

    private TeachingReport Teach(string method, params EditRequest[] facts)
    {
        EditSettings settings = session.SettingsFor(method) switch
        {
            MemitSettings memit => memit with { Steps = 4 },
            UltraEditSettings ultra => ultra with { WarmUp = 200 },
            EditSettings other => other,
        };
        return session.Teach(
            session.Tokenize(facts), settings, new TeachingOptions { Check = false, StatisticsFolder = BundledStatistics.Folder });
    }

    private float[][] Weights() => [.. Enumerable.Range(0, session.Model.Config.NLayer).Select(layer => Weight(session.Edited, layer))];

    private static float[] Weight(EditedModel edited, int layer) => edited.Model.Blocks[layer].Mlp.Down.Matrices[0].Value.ToArray();
}
