using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>Files that are missing, foreign, damaged, locked, full or read-only.</summary>
public sealed class EditStoreFileTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_missing_file_is_named_and_not_made()
    {
        foreach (bool readOnly in new[] { false, true })
        {
            string refused = StoreFolder.Refused(() => EditStore.Open(_folder.File, readOnly: readOnly));
            Assert.Contains($"'{_folder.File}' does not exist. Hint:", refused, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(_folder.File));
        Assert.Contains("got a folder", StoreFolder.Refused(() => EditStore.Open(_folder.Root, create: true)), StringComparison.Ordinal);
        string nowhere = Path.Combine(_folder.Root, "no", "edits.db");
        Assert.Contains("there is no folder", StoreFolder.Refused(() => EditStore.Open(nowhere, create: true)), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => EditStore.Open(_folder.File, create: true, readOnly: true));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_kind_of_file_is_refused_and_left_alone(bool create)
    {
        File.WriteAllText(_folder.File, string.Concat(Enumerable.Repeat("not a database ", 400)));
        byte[] before = File.ReadAllBytes(_folder.File);
        Assert.Contains("no edit store", StoreFolder.Refused(() => EditStore.Open(_folder.File, create)), StringComparison.Ordinal);
        Assert.Contains("no edit store", StoreFolder.Refused(() => EditStore.Open(_folder.File, readOnly: true)), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_folder.File));
    }

    [Theory]
    [InlineData("CREATE TABLE notes (x); PRAGMA user_version = 1", "another application")]
    [InlineData("CREATE TABLE notes (x); PRAGMA application_id = 77", "application_id 77")]
    [InlineData(
        "CREATE TABLE edits (x); PRAGMA application_id = 1399350898; PRAGMA user_version = 4",
        "schema version 4, this program knows 1 to 3")]
    [InlineData("CREATE TABLE edits (x); PRAGMA application_id = 1399350898; PRAGMA user_version = -1", "schema version -1")]
    public void Another_database_is_refused_and_left_alone(string sql, string expected)
    {
        _folder.Sql(sql);
        byte[] before = File.ReadAllBytes(_folder.File);
        Assert.Contains(expected, StoreFolder.Refused(() => EditStore.Open(_folder.File, create: true)), StringComparison.Ordinal);
        Assert.Contains(expected, StoreFolder.Refused(() => EditStore.Open(_folder.File)), StringComparison.Ordinal);
        Assert.Contains(expected, StoreFolder.Refused(() => EditStore.Open(_folder.File, readOnly: true)), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_folder.File));
    }

    [Fact]
    public void An_empty_file_becomes_a_store_only_where_one_may_be_created()
    {
        File.WriteAllBytes(_folder.File, []); // what a kill right at the start leaves
        Assert.Contains("empty database", StoreFolder.Refused(() => EditStore.Open(_folder.File)), StringComparison.Ordinal);
        Assert.Contains(
            "empty database", StoreFolder.Refused(() => EditStore.Open(_folder.File, readOnly: true)), StringComparison.Ordinal);
        using EditStore store = _folder.OpenWith(1);
        Assert.Equal(1, store.Count().Active);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(99)]
    [InlineData(4096)]
    [InlineData(5000)]
    [InlineData(20 * 1024)]
    public void A_truncated_store_is_refused(int length)
    {
        _folder.OpenWith(40).Dispose();
        using (FileStream file = File.OpenWrite(_folder.File))
        {
            Assert.True(file.Length > length);
            file.SetLength(length);
        }

        foreach (bool readOnly in new[] { false, true })
        {
            string message = StoreFolder.Refused(() =>
            {
                using EditStore store = EditStore.Open(_folder.File, readOnly: readOnly);
                store.List(withParts: true, includeRemoved: true);
            });
            Assert.Contains(_folder.File, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Damage_within_is_found_when_it_is_read()
    {
        _folder.OpenWith(200).Dispose();
        byte[] bytes = File.ReadAllBytes(_folder.File);
        Array.Fill(bytes, (byte)0xA5, bytes.Length / 2, 8192);
        File.WriteAllBytes(_folder.File, bytes);
        using EditStore store = EditStore.Open(_folder.File);
        string message = StoreFolder.Refused(() => store.List(withParts: true, includeRemoved: true));
        Assert.Contains("is damaged (", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UPDATE parts SET data = x'0102' WHERE edit_id = 2 AND name = 'key'",
        "edit 2 has a field that cannot be read (part \"key\" has 2 bytes, which is not its shape [3,7])")]
    [InlineData("UPDATE parts SET shape = '[3,4294967303]' WHERE edit_id = 2 AND name = 'key'", "edit 2 has a field that cannot be read")]
    [InlineData("UPDATE parts SET shape = '[-3,-7]' WHERE edit_id = 2 AND name = 'key'", "edit 2 has a field that cannot be read")]
    [InlineData("UPDATE parts SET shape = '[7,3]' WHERE edit_id = 2 AND name = 'key'",
        "edit 2 is not whole: part 'key' is [7,3], expected [3,7]")]
    [InlineData("UPDATE parts SET name = 'kee' WHERE edit_id = 2 AND name = 'key'", "edit 2 is not whole: it has no part 'key'")]
    [InlineData("DELETE FROM parts WHERE edit_id = 2 AND name = 'threshold'", "edit 2 is not whole: it has no part 'threshold'")]
    [InlineData("DELETE FROM parts WHERE edit_id = 3", "edit 3 is not whole: it has no part")]
    [InlineData("INSERT INTO parts VALUES (3, 'more', '[0]', x'')", "edit 3 is not whole: it has 5 parts, expected 4")]
    [InlineData("INSERT INTO events VALUES (4, 4, 3, '2024-02-29T23:59:59.3580245Z', 'eve', 'removed', NULL, '1', NULL, '')",
        "edit 3 is not whole: it is removed and has 4 parts")]
    [InlineData("UPDATE edits SET prompt_tokens = 'x' WHERE id = 2", "edit 2")]
    [InlineData("UPDATE edits SET prompt_tokens = '[]' WHERE id = 2", "edit 2 has a field that cannot be read (it has no tokens")]
    [InlineData("UPDATE edits SET prompt_tokens = '[3,-1]' WHERE id = 2", "edit 2 has a field that cannot be read (token -1")]
    [InlineData("UPDATE edits SET paraphrases = '[null]' WHERE id = 2", "edit 2 has a field that cannot be read (a paraphrase is null")]
    [InlineData("UPDATE edits SET final_loss = 'x' WHERE id = 1", "edit 1 has a field that cannot be read (final_loss is String")]
    [InlineData("UPDATE edits SET settings = replace(settings, '\"alpha\":0.2', '\"alpha\":1e99') WHERE id = 2",
        "edit 2: its settings: Alpha is Infinity, expected a finite number")]
    [InlineData("UPDATE parts SET data = cast(x'0000C07F' || substr(data, 5) AS BLOB) WHERE edit_id = 2 AND name = 'key'",
        "edit 2 is not whole: key[0] of row 0 is NaN, expected a finite number")]
    [InlineData("UPDATE events SET at = 'yesterday' WHERE edit_id = 2", "event 2 has a field that cannot be read")]
    [InlineData("UPDATE events SET action = 'praised' WHERE edit_id = 2",
        "event 2 has a field that cannot be read (action \"praised\" is unknown)")]
    [InlineData("UPDATE events SET action = 'restored' WHERE edit_id = 2",
        "event 2 has a field that cannot be read (edit 2 was not added before)")]
    [InlineData("UPDATE events SET change = 9 WHERE edit_id = 2", "event 2 has a field that cannot be read (change 9 follows 1)")]
    [InlineData("UPDATE events SET detail = '{\"praise\":1}' WHERE edit_id = 2", "event 2 has a field that cannot be read")]
    [InlineData("DELETE FROM events WHERE edit_id = 2", "event 3 has a field that cannot be read (it follows event 1)")]
    [InlineData("DELETE FROM events WHERE edit_id = 3", "no event tells of edit 3")]
    [InlineData("PRAGMA foreign_keys = OFF; DELETE FROM parts WHERE edit_id = 2; DELETE FROM edits WHERE id = 2",
        "its history tells of 3 edits, 2 are there")]
    [InlineData("UPDATE identity SET n_embd = 99999999999", "identity 1 has a field that cannot be read")]
    [InlineData("UPDATE identity SET n_embd = -1", "identity 1 has a field that cannot be read (n_embd is -1)")]
    [InlineData("UPDATE edits SET settings = replace(settings, '\"seed\":0', '\"seed\":-1') WHERE id = 2",
        "edit 2: Settings of method ireva are not as this program knows them at $.seed")]
    [InlineData("UPDATE edits SET settings = replace(settings, '\"epochs\":5', '\"epochs\":4294967296') WHERE id = 2",
        "edit 2: Settings of method ireva are not as this program knows them at $.epochs")]
    [InlineData("UPDATE edits SET settings = replace(settings, '\"seed\":0', '\"speed\":0') WHERE id = 2",
        "edit 2: Settings of method ireva are not as this program knows them at $.speed")]
    [InlineData("UPDATE edits SET settings = replace(settings, '\"layer\":4,', '') WHERE id = 2", "edit 2: Settings of method ireva")]
    [InlineData("UPDATE edits SET settings = 'null' WHERE id = 2", "edit 2: Settings of method ireva")]
    [InlineData("UPDATE edits SET settings = '{' WHERE id = 2", "edit 2: Settings of method ireva")]
    [InlineData("UPDATE edits SET method = 'nobody' WHERE id = 2", "edit 2: Editing method \"nobody\" is unknown, this program has ")]
    [InlineData("DROP TABLE parts", "parts")]
    public void What_another_program_broke_is_named(string sql, string expected)
    {
        _folder.OpenWith(3).Dispose();
        _folder.Sql(sql);
        StoreFolder.Refused(Read); // mostly a checksum's difference
        if (!sql.StartsWith("DROP", StringComparison.Ordinal)) _folder.Reseal();
        Assert.Contains(expected, StoreFolder.Refused(Read), StringComparison.Ordinal);

        void Read()
        {
            using EditStore store = EditStore.Open(_folder.File);
            store.List(withParts: true, includeRemoved: true);
        }
    }

    [Fact]
    public void A_full_disk_refuses_one_edit_and_keeps_the_others()
    {
        using (EditStore store = _folder.OpenWith(3))
        {
            store.LimitPages(40);
            int added = 3;
            string message = StoreFolder.Refused(() =>
            {
                for (int i = 4; i < 10_000; i++, added++) store.Add(StoreFolder.Edit(i));
            });
            Assert.Contains("the disk is full", message, StringComparison.Ordinal);
            Assert.Equal(added, store.List(withParts: false, includeRemoved: true).Count);
            string refused = StoreFolder.Refused(() => store.Add(StoreFolder.Edit(added + 1, StoreFolder.NEmbd)));
            Assert.Contains("the disk is full", refused, StringComparison.Ordinal);
            store.LimitPages(4000);
            Assert.Equal(added + 1, store.Add(StoreFolder.Edit(added + 1)).Id);
        }

        using EditStore again = EditStore.Open(_folder.File);
        foreach (Edit edit in again.List(withParts: true, includeRemoved: true))
            StoreFolder.Same(StoreFolder.Stored((int)edit.Id, edit.CreatedAt), edit);
    }

    [Fact]
    public void While_another_writes_readers_read_and_writers_are_told()
    {
        using EditStore first = _folder.OpenWith(2);
        using EditStore second = EditStore.Open(_folder.File);
        second.BusySeconds = 1;
        using (var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_folder.File};Pooling=False"))
        {
            other.Open();
            using Microsoft.Data.Sqlite.SqliteTransaction writing = other.BeginTransaction(deferred: false);
            string message = StoreFolder.Refused(() => second.Add(StoreFolder.Edit(3)));
            Assert.Contains("locked by another process (waited 1 s)", message, StringComparison.Ordinal);
            Assert.Equal(2, second.List(withParts: true, includeRemoved: true).Count);
            using EditStore reader = EditStore.Open(_folder.File, readOnly: true);
            Assert.Equal(2, reader.Count().Active);
        }

        Assert.Equal(3, second.Add(StoreFolder.Edit(3)).Id);
        Assert.Equal(4, first.Add(StoreFolder.Edit(4)).Id);
        Assert.Equal(4, second.Count().Active);
    }

    [Fact]
    public void A_read_only_store_reads_and_refuses_changes()
    {
        _folder.OpenWith(3).Dispose();
        byte[] before = File.ReadAllBytes(_folder.File);
        using (EditStore store = EditStore.Open(_folder.File, readOnly: true))
        {
            Assert.True(store.IsReadOnly);
            store.Bind(StoreFolder.Model, StoreFolder.NEmbd, new IReVaSettings { Layer = StoreFolder.Layer });
            StoreFolder.Refused(() => store.Bind(StoreFolder.Model, StoreFolder.NEmbd, new IReVaSettings { Layer = 1 }));
            Action[] changes =
                [() => store.Add(StoreFolder.Edit(4)), () => store.Withdraw(1), () => store.Restore(1), () => store.Remove(1)];
            foreach (Action action in changes)
                Assert.Contains("is read-only", StoreFolder.Refused(action), StringComparison.Ordinal);
            Assert.Equal(3, store.List(withParts: true, includeRemoved: false).Count);
        }

        Assert.Equal(["edits.db"], Directory.GetFiles(_folder.Root).Select(Path.GetFileName));
        Assert.Equal(before, File.ReadAllBytes(_folder.File));
    }

    [Fact]
    public void Where_no_side_files_can_be_made_reading_works_and_writing_is_refused()
    {
        _folder.OpenWith(3).Dispose();

        // A folder in the log's place stops SQLite as a read-only folder does, but also for root.
        Directory.CreateDirectory(_folder.File + "-wal");
        using (EditStore store = EditStore.Open(_folder.File, readOnly: true))
        {
            Assert.Equal(3, store.List(withParts: true, includeRemoved: false).Count);
            Assert.Contains("is read-only", StoreFolder.Refused(() => store.Withdraw(1)), StringComparison.Ordinal);
        }

        Assert.Contains("cannot be opened", StoreFolder.Refused(() => EditStore.Open(_folder.File)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_cannot_be_merged_is_not_ignored()
    {
        string copy = _folder.HotCopy("copy.db", before: 2, inLog: 1);
        File.CreateSymbolicLink(copy + "-shm", Path.Combine(_folder.Root, "no", "where")); // cannot be made, also not by root
        string message = StoreFolder.Refused(() => EditStore.Open(copy, readOnly: true));
        Assert.Contains("'copy.db-wal'", message, StringComparison.Ordinal);
        File.Delete(copy + "-shm");
        using EditStore merged = EditStore.Open(copy, readOnly: true);
        Assert.Equal(3, merged.Count().Active);
    }

    [Theory]
    [InlineData("odd name #1 %41 & ü?.db")]
    [InlineData("immutable=1;Mode=Memory.db")]
    [InlineData("file:x.db")]
    public void Odd_file_names_are_file_names(string name)
    {
        string path = Path.Combine(_folder.Root, name);
        using (EditStore store = EditStore.Open(path, create: true))
        {
            store.Bind(StoreFolder.Model, 7);
            store.Add(StoreFolder.Edit(1));
        }

        Assert.True(File.Exists(path));
        using (EditStore store = EditStore.Open(path, readOnly: true)) Assert.Equal(7, store.Identity!.NEmbd);
        Directory.CreateDirectory(path + "-wal");
        using (EditStore store = EditStore.Open(path, readOnly: true)) Assert.Equal(7, store.Identity!.NEmbd);
    }
}
