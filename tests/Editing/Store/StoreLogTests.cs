using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>The store is whole at all times, and a log beside it is merged only if it is the store's own and whole.</summary>
public sealed class StoreLogTests : IDisposable
{
    private const int FrameBytes = 24 + 4096, HeaderBytes = 32;

    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_copy_of_the_file_alone_is_whole_after_every_change()
    {
        string copy = Path.Combine(_folder.Root, "copy.db");
        using EditStore store = _folder.Open();
        for (int i = 1; i <= 3; i++)
        {
            store.Add(StoreFolder.Edit(i));
            Assert.Equal(0, new FileInfo(_folder.File + "-wal").Length);
            StoreFolder.CopyShared(_folder.File, copy);
            using EditStore read = EditStore.Open(copy, readOnly: true);
            Assert.Equal(i, read.List(withParts: true, includeRemoved: true).Count);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_a_crash_left_in_the_log_is_merged(bool readOnly)
    {
        string copy = _folder.HotCopy("copy.db", before: 2, inLog: 3);
        using EditStore store = EditStore.Open(copy, readOnly: readOnly);
        Assert.Equal(5, store.List(withParts: true, includeRemoved: true).Count);
    }

    [Theory]
    [InlineData(0, 24, "at its header; 0 of 3")] // its checksum
    [InlineData(0, 16, "at its header; 0 of 3")] // the salts that all frames repeat
    [InlineData(1, 100, "at frame 1; 0 of 3")]
    [InlineData(2, 0, "at frame 2; 0 of 3")] // the page's number
    [InlineData(-3, 500, "; 2 of 3")] // within the last transaction, whose end is whole
    public void A_damaged_log_with_whole_transactions_behind_is_told_and_nothing_is_cut_off(int frame, int at, string expected)
    {
        string copy = _folder.HotCopy("copy.db", before: 2, inLog: 3);
        byte[] log = File.ReadAllBytes(copy + "-wal");
        int frames = (log.Length - HeaderBytes) / FrameBytes;
        if (frame < 0) frame += frames + 1;
        log[frame == 0 ? at : HeaderBytes + (frame - 1) * FrameBytes + at] ^= 1;
        File.WriteAllBytes(copy + "-wal", log);
        byte[] file = File.ReadAllBytes(copy);
        foreach (bool readOnly in new[] { true, false })
        {
            string refused = StoreFolder.Refused(() => EditStore.Open(copy, readOnly: readOnly));
            Assert.Contains("its log is damaged at ", refused, StringComparison.Ordinal);
            Assert.Contains(expected + " transactions in it can be read", refused, StringComparison.Ordinal);
        }

        Assert.Equal(file, File.ReadAllBytes(copy));
        Assert.Equal(log, File.ReadAllBytes(copy + "-wal"));
    }

    [Fact]
    public void A_torn_last_transaction_is_one_that_never_was()
    {
        string copy = _folder.HotCopy("copy.db", before: 2, inLog: 3);
        using (FileStream log = File.OpenWrite(copy + "-wal")) log.SetLength(log.Length - 100);
        using EditStore store = EditStore.Open(copy);
        Assert.Equal(4, store.List(withParts: true, includeRemoved: true).Count);
    }

    [Fact]
    public void A_log_of_an_older_state_is_not_merged_into_a_newer_file()
    {
        string copy = _folder.HotCopy("copy.db", before: 2, inLog: 3); // the store itself has them in its file by now
        using (EditStore store = EditStore.Open(_folder.File, author: StoreFolder.Author)) store.Withdraw(1);
        byte[] file = File.ReadAllBytes(_folder.File);
        File.Copy(copy + "-wal", _folder.File + "-wal");
        byte[] log = File.ReadAllBytes(copy + "-wal");
        foreach (bool readOnly in new[] { true, false })
        {
            string refused = StoreFolder.Refused(() => EditStore.Open(_folder.File, readOnly: readOnly));
            Assert.Contains("the log beside it is not its own", refused, StringComparison.Ordinal);
            Assert.Contains("move 'edits.db-wal' out of its folder", refused, StringComparison.Ordinal);
        }

        Assert.Equal(file, File.ReadAllBytes(_folder.File));
        Assert.Equal(log, File.ReadAllBytes(_folder.File + "-wal"));
        File.Delete(_folder.File + "-wal");
        File.Delete(_folder.File + "-shm");
        using EditStore restored = EditStore.Open(_folder.File);
        Assert.Equal(EditStatus.Withdrawn, restored.Get(1).Status);
    }

    [Fact]
    public void A_log_of_another_store_is_not_merged()
    {
        string copy = _folder.HotCopy("copy.db", before: 2, inLog: 3);
        using var other = new StoreFolder();
        using (EditStore store = EditStore.Open(other.File, create: true, author: StoreFolder.Author))
        {
            store.Bind(StoreFolder.Model, StoreFolder.NEmbd);
            for (int i = 30; i < 60; i++) store.Add(StoreFolder.Edit(i));
        }

        File.Copy(copy + "-wal", other.File + "-wal");
        Assert.Contains(
            "the log beside it is not its own", StoreFolder.Refused(() => EditStore.Open(other.File)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_rollback_journal_beside_it_is_told()
    {
        _folder.OpenWith(1).Dispose();
        File.WriteAllBytes(_folder.File + "-journal", new byte[512]);
        string refused = StoreFolder.Refused(() => EditStore.Open(_folder.File));
        Assert.Contains("a rollback journal lies beside it", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_is_the_file_that_it_leads_to_and_so_is_its_log()
    {
        string copy = _folder.HotCopy("copy.db", before: 2, inLog: 3), link = Path.Combine(_folder.Root, "link.db");
        File.CreateSymbolicLink(link, copy);
        File.CreateSymbolicLink(copy + "-shm", Path.Combine(_folder.Root, "no", "where")); // as in a place that cannot be written
        Assert.Contains("'copy.db-wal'", StoreFolder.Refused(() => EditStore.Open(link, readOnly: true)), StringComparison.Ordinal);
        File.Delete(copy + "-shm");
        using (EditStore store = EditStore.Open(link, readOnly: true)) Assert.Equal(5, store.Count().Active);

        string nowhere = Path.Combine(_folder.Root, "made.db");
        File.CreateSymbolicLink(Path.Combine(_folder.Root, "new.db"), nowhere);
        using (EditStore store = EditStore.Open(Path.Combine(_folder.Root, "new.db"), create: true))
        {
            store.Bind(StoreFolder.Model, StoreFolder.NEmbd);
            store.Add(StoreFolder.Edit(1));
        }

        Assert.True(File.Exists(nowhere));
    }

    [Fact]
    public void A_store_that_was_replaced_or_deleted_during_a_run_is_told_with_what_was_lost()
    {
        string other = Path.Combine(_folder.Root, "other.db");
        using EditStore store = _folder.OpenWith(2);
        StoreFolder.CopyShared(_folder.File, other);
        store.Add(StoreFolder.Edit(3));
        File.Move(other, _folder.File, overwrite: true);
        foreach (Action use in (Action[])[() => store.Add(StoreFolder.Edit(4)), () => store.Count(), () => store.Withdraw(1)])
        {
            string refused = StoreFolder.Refused(use);
            Assert.Contains("was replaced or deleted by another program", refused, StringComparison.Ordinal);
            Assert.Contains("3 edits of this run went to the lost file", refused, StringComparison.Ordinal);
        }

        File.Delete(_folder.File);
        Assert.Contains("was replaced or deleted", StoreFolder.Refused(() => store.Add(StoreFolder.Edit(4))), StringComparison.Ordinal);
    }
}
