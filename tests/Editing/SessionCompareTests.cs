using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing;

/// <summary>The models that a session compares, and what it says when they cannot be.</summary>
public sealed class SessionCompareTests : IDisposable
{
    private static readonly IReVaSettings Plain = new() { Layer = 4, Theta = 0.85f, Alpha = 1, Retrofit = false };
    private static readonly EditRequest[] Facts = [new("Lucian Freud died in", "Rome"), new("The capital of France is", "Oslo")];

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });

    public SessionCompareTests()
    {
        session.OpenStore(folder.File("a.db"), StoreAccess.Create);
        session.Teach(session.Tokenize(Facts), Plain);
    }

    public void Dispose()
    {
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void What_is_left_out_does_not_compete_while_what_is_withdrawn_does()
    {
        var keep = new TeachingOptions { OnConflict = ConflictPolicy.Keep };
        session.Teach(session.Tokenize([Facts[0] with { Target = "Bern" }]), Plain, keep); // the same key: the first of equals wins
        DiffReport report = session.Compare(session.EditedSide, session.SideWithout([1]), [Facts[0].Prompt]);
        Assert.Equal((" Rome", " Bern"), (report.Differences[0].Before[0].Text, report.Differences[0].After[0].Text));
        Assert.Equal([2L, 3L], session.SideWithout([1]).Edits.Select(e => e.Id));
        session.Withdraw(2);
        Assert.Equal((2, 1), (session.EditedSide.Active, session.EditedSide.Withdrawn));
    }

    [Fact]
    public void Two_stores_of_one_model_are_compared()
    {
        string other = folder.File("b.db");
        using (Session second = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 }))
        {
            second.OpenStore(other, StoreAccess.Create);
            second.Teach(second.Tokenize([Facts[0] with { Target = "Bern" }]), Plain);
        }

        DiffReport report = session.Compare(session.EditedSide, session.SideOf(other), [Facts[0].Prompt, Facts[1].Prompt]);
        Assert.Equal([(" Rome", " Bern"), (" Oslo", report.Differences[1].Base![0].Text)],
            report.Differences.Select(d => (d.Before[0].Text, d.After[0].Text)));
    }

    [Fact]
    public void What_cannot_be_compared_is_told()
    {
        Fails.With<InputException>("no edit 7", () => session.SideWithout([7]));
        session.Remove(1);
        Fails.With<InputException>("Edit 1 of ", () => session.SideWithout([1]));
        Fails.With<InputException>("does not exist", () => session.SideOf(folder.File("none.db")));
        Fails.With<InputException>("no prompt", () => session.Compare(session.BaseSide, session.EditedSide, []));
        Fails.With<InputException>("Prompt 1 (counted from 0)", () => session.Compare(session.BaseSide, session.EditedSide, ["a", ""]));
        Fails.With<InputException>("prompt is empty", () => session.Compare(session.BaseSide, session.EditedSide, [""]));
        using (EditStore foreign = EditStore.Open(folder.File("c.db"), create: true))
            foreign.Bind(new ModelFingerprint("0", "0"), 256);
        Assert.Throws<InputException>(() => session.SideOf(folder.File("c.db")));
    }
}
