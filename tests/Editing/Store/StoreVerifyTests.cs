using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>What is wrong with a damaged store is said piece by piece, and the rest is saved.</summary>
public sealed class StoreVerifyTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Saved => Path.Combine(_folder.Root, "saved.db");

    [Fact]
    public void A_sound_store_is_sound_and_saving_it_keeps_all()
    {
        Make();
        StoreReport report = EditStore.Verify(_folder.File);
        Assert.True(report.IsSound);
        Assert.Equal([1L, 2, 3, 4, 5], report.Sound);
        Assert.Equal(9, report.Events);
        SalvageReport saved = EditStore.Salvage(_folder.File, Saved);
        Assert.Empty(saved.LeftOut);
        Assert.Empty(saved.Withdrawn);
        using EditStore old = EditStore.Open(_folder.File, readOnly: true), made = EditStore.Open(Saved, readOnly: true);
        Assert.Equal(old.Events(), made.Events());
        Assert.Equal(old.Identity, made.Identity);
        foreach ((Edit was, Edit now) in old.List(true, true).Zip(made.List(true, true))) StoreFolder.Same(was, now);
        Assert.True(EditStore.Verify(Saved).IsSound);
        Assert.Contains("exists already", StoreFolder.Refused(() => EditStore.Salvage(_folder.File, Saved)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UPDATE edits SET target = 'x' WHERE id = 2", "Edit 2", "2", "")]
    [InlineData("UPDATE parts SET data = zeroblob(length(data)) WHERE edit_id = 5 AND name = 'key'", "Edit 5", "5", "")]
    [InlineData("PRAGMA foreign_keys = OFF; DELETE FROM edits WHERE id = 2", "Edit 2", "2", "")]
    [InlineData("UPDATE edits SET sum = 'x' WHERE id = 4; DELETE FROM parts WHERE edit_id = 1", "Edit 1, Edit 4", "1, 4", "")]
    // 1 is withdrawn behind the gap, 2 restored behind it; 3 is removed by then. 4 and 5 may have been withdrawn in it.
    [InlineData("UPDATE events SET reason = 'x' WHERE seq = 5", "Event 5", "", "4, 5")]
    [InlineData("DELETE FROM events WHERE seq = 2", "Event 2, Event 3", "", "")] // its status is said later on
    [InlineData("DELETE FROM events WHERE seq = 9", "Event", "", "1, 2, 4, 5")]
    [InlineData("DELETE FROM head", "Event", "", "1, 2, 4, 5")]
    [InlineData("UPDATE identity SET config = 'x'", "Event 1", "", "")]
    [InlineData("CREATE TRIGGER t AFTER INSERT ON events BEGIN SELECT 1; END", "Schema", "", "")]
    public void What_is_wrong_is_named_and_the_rest_is_saved(string sql, string where, string leftOut, string withdrawn)
    {
        Make();
        Dictionary<long, Edit> before;
        using (EditStore store = EditStore.Open(_folder.File)) before = store.List(true, true).ToDictionary(edit => edit.Id);
        _folder.Sql(sql);
        byte[] file = File.ReadAllBytes(_folder.File);
        StoreReport report = EditStore.Verify(_folder.File);
        Assert.Equal(where, string.Join(", ", report.Findings.Select(finding => $"{finding.Where} {finding.Id}".Trim())));
        Assert.All(report.Findings, finding => Assert.DoesNotContain("Exception", finding.What, StringComparison.Ordinal));
        SalvageReport saved = EditStore.Salvage(_folder.File, Saved, StoreFolder.NewClock(), StoreFolder.Author);
        Assert.Equal(leftOut, string.Join(", ", saved.LeftOut));
        Assert.Equal(file, File.ReadAllBytes(_folder.File));
        Assert.True(EditStore.Verify(Saved).IsSound);
        using EditStore made = EditStore.Open(Saved);
        IReadOnlyList<Edit> edits = made.List(true, true);
        Assert.Equal(before.Keys.Except(saved.LeftOut), edits.Select(edit => edit.Id));
        Assert.All(saved.Withdrawn, id => Assert.Equal(EditStatus.Withdrawn, made.Get(id).Status));
        Assert.Equal(withdrawn, string.Join(", ", report.Uncertain.Except([3L])));
        foreach (Edit edit in edits)
        {
            Edit was = before[edit.Id];
            Assert.Equal(was.Parts.Select(part => part.Name), edit.Parts.Select(part => part.Name));
            foreach ((EditPart e, EditPart a) in was.Parts.Zip(edit.Parts))
                Assert.Equal(StoreFolder.Bits(e.Values), StoreFolder.Bits(a.Values));
            if (!report.Uncertain.Contains(edit.Id)) Assert.Equal(was.Status, edit.Status);
            else Assert.NotEqual(EditStatus.Active, edit.Status);
        }
    }

    [Fact]
    public void Of_a_file_that_was_cut_off_what_is_left_is_saved()
    {
        _folder.OpenWith(60).Dispose();
        using (FileStream file = File.OpenWrite(_folder.File)) file.SetLength(file.Length * 2 / 3);
        StoreReport report = EditStore.Verify(_folder.File);
        Assert.Equal(StorePart.File, report.Findings[0].Where);
        Assert.StartsWith("it is cut off", report.Findings[0].What, StringComparison.Ordinal);
        Assert.InRange(report.Sound.Count, 10, 59);
        SalvageReport saved = EditStore.Salvage(_folder.File, Saved);
        Assert.Equal(report.Sound, saved.Saved);
        using EditStore made = EditStore.Open(Saved);
        foreach (Edit edit in made.List(true, true)) Assert.Equal(StoreFolder.Edit((int)edit.Id).Request, edit.Request);
    }

    [Fact]
    public void Of_a_damaged_log_what_comes_before_is_saved_and_of_a_foreign_one_nothing()
    {
        string copy = _folder.HotCopy("copy.db", before: 2, inLog: 3);
        byte[] whole = File.ReadAllBytes(copy + "-wal"), log = [.. whole];
        log[^(3 * 4096)] ^= 1;
        File.WriteAllBytes(copy + "-wal", log);
        StoreReport report = EditStore.Verify(copy);
        Assert.Equal([StorePart.Log], report.Findings.Select(finding => finding.Where));
        Assert.Equal([1L, 2, 3, 4], report.Sound);
        Assert.Equal(4, EditStore.Salvage(copy, Saved).Saved.Count);
        Assert.Equal(log, File.ReadAllBytes(copy + "-wal"));

        using (EditStore store = EditStore.Open(_folder.File)) store.Withdraw(1);
        File.WriteAllBytes(_folder.File + "-wal", whole);
        report = EditStore.Verify(_folder.File);
        Assert.Equal([StorePart.Log], report.Findings.Select(finding => finding.Where));
        Assert.Equal(5, report.Sound.Count);
    }

    [Fact]
    public void Where_nothing_can_be_saved_that_is_said()
    {
        Assert.Contains("does not exist", StoreFolder.Refused(() => EditStore.Verify(_folder.File)), StringComparison.Ordinal);
        Assert.Contains("does not exist", StoreFolder.Refused(() => EditStore.Salvage(_folder.File, Saved)), StringComparison.Ordinal);
        File.WriteAllText(_folder.File, string.Concat(Enumerable.Repeat("not a database ", 400)));
        string refused = StoreFolder.Refused(() => EditStore.Salvage(_folder.File, Saved));
        Assert.Contains("Nothing can be saved", refused, StringComparison.Ordinal);
        Assert.Contains("no edit store", StoreFolder.Refused(() => EditStore.Verify(_folder.File)), StringComparison.Ordinal);
        Assert.False(File.Exists(Saved));
    }

    // Events: 1-5 added, 6 removed 3, 7 withdrawn 2, 8 withdrawn 1, 9 restored 2.
    private void Make()
    {
        using EditStore store = _folder.OpenWith(5);
        store.Remove(3, "for good");
        store.Withdraw(2);
        store.Withdraw(1);
        store.Restore(2);
    }
}
