using Microsoft.Data.Sqlite;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>A store that the last program of schema version 1 made, and what that program said about it.</summary>
public sealed class StoreVersion1Tests : IDisposable
{
    private static readonly string Original = TestFiles.Data(Path.Combine("store-v1", "edits.db"));

    private readonly StoreFolder _folder = new();

    public StoreVersion1Tests() => File.Copy(Original, _folder.File);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Keys_values_thresholds_and_losses_are_those_of_the_file_bit_for_bit(bool readOnly)
    {
        using EditStore store = EditStore.Open(_folder.File, readOnly: readOnly);
        AssertOriginal(store);
        Assert.Equal(28, store.Count().TargetTokens);
        Assert.Equal(ulong.MaxValue, IReVaSettings.Of(store.Get(1)).Seed);
        Assert.Equal([1L, 2, 3, 4, 5, 6, 7], store.List(withParts: false, includeRemoved: true).Select(edit => edit.Batch));
    }

    [Fact]
    public void What_it_knew_of_the_past_becomes_events()
    {
        using EditStore store = EditStore.Open(_folder.File, author: StoreFolder.Author);
        Assert.Equal(
            ["1 Added 0", "2 Added 100", "3 Added 200", "4 Added 300", "5 Added 300", "6 Added 300", "2 Withdrawn 400", "5 Removed 500",
                "6 Withdrawn 800", "6 Removed 900", "7 Added 1000"],
            store.Events().Select(line => $"{line.EditId} {line.Action} {line.At.ToUnixTimeSeconds() - 1_700_000_000}"));
        Assert.All(store.Events(), line => Assert.Equal(("", "", null), (line.User, line.Version, line.Reason)));
        store.Restore(2, "after all");
        EditEvent last = store.Events(2)[^1];
        Assert.Equal((EditAction.Restored, "ada", "0.0.1", "after all"), (last.Action, last.User, last.Version, last.Reason));
        Assert.Equal(8, store.Add(store.Get(1)).Id);
        Assert.Equal(8, store.Get(8).Batch);
    }

    [Fact]
    public void It_has_no_checksums_and_a_number_that_no_training_gives_is_noticed_all_the_same()
    {
        Assert.False(EditStore.Verify(_folder.File).HasChecksums);
        using (var connection = new SqliteConnection($"Data Source={_folder.File};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand(); // the topmost bit of an exponent
            command.CommandText = "UPDATE neurons SET key = CAST(X'CDCC4C7E' || substr(key, 5) AS BLOB) WHERE edit_id = 1";
            Assert.True(command.ExecuteNonQuery() > 0);
        }

        string refused = StoreFolder.Refused(() => EditStore.Open(_folder.File));
        Assert.Contains("key[0] of row 0 is 6.8", refused, StringComparison.Ordinal);
        Assert.Contains("expected no more than 1E+09", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_read_where_nothing_can_be_written_and_left_as_it_is()
    {
        Directory.CreateDirectory(_folder.File + "-wal"); // stops SQLite as a read-only folder does, but also for root
        using (EditStore store = EditStore.Open(_folder.File, readOnly: true))
        {
            AssertOriginal(store);
            Assert.Contains("is read-only", StoreFolder.Refused(() => store.Withdraw(1)), StringComparison.Ordinal);
        }

        Assert.Equal(File.ReadAllBytes(Original), File.ReadAllBytes(_folder.File));
    }

    [Fact]
    public void Migration_hardly_changes_the_size_and_gives_the_same_bytes_each_time()
    {
        EditStore.Open(_folder.File).Dispose();
        using var other = new StoreFolder();
        File.Copy(Original, other.File);
        EditStore.Open(other.File).Dispose();
        Assert.Equal(File.ReadAllBytes(_folder.File), File.ReadAllBytes(other.File));
        Assert.InRange(new FileInfo(_folder.File).Length, 1, 5 * new FileInfo(Original).Length / 4);
        Assert.Equal(["edits.db"], Directory.GetFiles(_folder.Root).Select(Path.GetFileName));
    }

    // All that a migration writes goes through the log, so a crash leaves some first part of it.
    [Fact]
    public void A_crash_at_any_instant_leaves_the_old_store_or_the_new_one()
    {
        byte[] file, log;
        using (SqliteConnection connection = Connect(_folder.File)) // and without merging the log
        {
            EditStoreSchema.Migrate(connection, _folder.File);
            file = Read(_folder.File);
            log = Read(_folder.File + "-wal");
        }

        const int Header = 32, Frame = 24 + 4096;
        Assert.True(log.Length > 20 * Frame);
        var versions = new List<long>();
        for (int length = 0; length <= log.Length; length = length < Header ? Header : length + Frame / 2)
        {
            string path = Path.Combine(_folder.Root, "crashed.db");
            File.WriteAllBytes(path, file);
            File.WriteAllBytes(path + "-wal", log[..length]);
            versions.Add(Version(path));
            using (EditStore store = EditStore.Open(path, readOnly: true)) AssertOriginal(store);
            using (EditStore store = EditStore.Open(path)) AssertOriginal(store);
            Assert.Equal(EditStoreSchema.Version, Version(path));
        }

        Assert.Equal([.. Enumerable.Repeat(1L, versions.Count - 1), EditStoreSchema.Version], versions);
    }

    [Fact]
    public void A_disk_that_fills_up_leaves_the_old_store()
    {
        using (SqliteConnection connection = Connect(_folder.File))
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA max_page_count = 38";
            command.ExecuteNonQuery();
            Assert.Equal(13, Assert.Throws<SqliteException>(() => EditStoreSchema.Migrate(connection, _folder.File)).SqliteErrorCode);
        }

        Assert.Equal(1, Version(_folder.File));
        using EditStore store = EditStore.Open(_folder.File);
        AssertOriginal(store);
    }

    [Theory]
    [InlineData("UPDATE neurons SET key = x'0102' WHERE edit_id = 2 AND position = 1", "edit 2 has neurons that do not fit")]
    [InlineData(
        "UPDATE neurons SET target_token = 4294967296 WHERE edit_id = 2 AND position = 1",
        "edit 2 has a field that cannot be read")]
    [InlineData(
        "UPDATE neurons SET target_token = target_token + 1 WHERE edit_id = 2 AND position = 1",
        "edit 2 has neurons that do not fit")]
    [InlineData("DELETE FROM neurons WHERE edit_id = 2 AND position = 1", "edit 2 has neurons that do not fit")]
    [InlineData("DELETE FROM neurons WHERE edit_id = 3", "edit 3 is not whole")]
    [InlineData("UPDATE neurons SET key = x'' WHERE edit_id = 3", "edit 3 is not whole: part 'key' is [1,0], expected [1,256]")]
    [InlineData("UPDATE neurons SET key = x'00000000', value = x'00000000' WHERE edit_id = 3",
        "edit 3 is not whole: part 'key' is [1,1], expected [1,256]")]
    [InlineData("UPDATE edits SET status = 'removed', removed_at = created_at WHERE id = 3", "edit 3 is not whole")]
    [InlineData("UPDATE edits SET withdrawn_at = NULL WHERE id = 2", "edit 2 has a status that its times do not tell")]
    [InlineData("UPDATE edits SET prompt_tokens = 'x' WHERE id = 2", "edit 2")]
    [InlineData("UPDATE edits SET seed = '-1' WHERE id = 2", "edit 2")]
    [InlineData("UPDATE edits SET alpha = 'abc' WHERE id = 2", "edit 2 has a field that cannot be read (alpha is String")]
    [InlineData("UPDATE edits SET alpha = 9e99 WHERE id = 2", "edit 2: Alpha is Infinity, expected a finite number")]
    [InlineData("UPDATE neurons SET threshold = 'abc' WHERE edit_id = 2", "edit 2 has a field that cannot be read (threshold is String")]
    [InlineData("UPDATE neurons SET key = cast(x'0000C07F' || substr(key, 5) AS BLOB) WHERE edit_id = 3",
        "edit 3 is not whole: key[0] of row 0 is NaN")]
    [InlineData("UPDATE identity SET layer = 2", "edit 1 is not of the store's block 2")]
    [InlineData("UPDATE identity SET n_embd = 99999999999", "identity 1 has a field that cannot be read")]
    [InlineData("UPDATE identity SET n_embd = -1", "n_embd")]
    [InlineData("UPDATE edits SET epochs = 4294967296 WHERE id = 2", "edit 2")]
    [InlineData("DROP TABLE neurons", "neurons")]
    public void What_another_program_broke_is_named_and_left_as_it_is(string sql, string expected)
    {
        _folder.Sql(sql);
        byte[] before = File.ReadAllBytes(_folder.File);
        foreach (bool readOnly in new[] { true, false })
        {
            string refused = StoreFolder.Refused(() => EditStore.Open(_folder.File, readOnly: readOnly));
            Assert.Contains(expected, refused, StringComparison.Ordinal);
        }

        Assert.Equal(before, File.ReadAllBytes(_folder.File));
    }

    [Fact]
    public void A_clock_that_went_back_does_not_change_what_an_edit_is()
    {
        _folder.Sql("UPDATE edits SET withdrawn_at = '2001-01-01T00:00:00.0000000Z' WHERE id IN (2, 6)");
        using EditStore store = EditStore.Open(_folder.File, readOnly: true);
        Assert.Equal((EditStatus.Withdrawn, 2001), store.Get(2) is var two ? (two.Status, two.WithdrawnAt!.Value.Year) : default);
        Assert.Equal(EditStatus.Removed, store.Get(6).Status);
    }

    /// <summary>Each neuron as the rows of version 1 have it.</summary>
    private static void AssertOriginal(EditStore store)
    {
        using SqliteConnection connection = Connect(Original, SqliteOpenMode.ReadOnly);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            "SELECT edit_id, position, target_token, key, value, threshold, losses FROM neurons ORDER BY edit_id, position";
        using SqliteDataReader r = command.ExecuteReader();
        Dictionary<long, Edit> edits = store.List(withParts: true, includeRemoved: true).ToDictionary(edit => edit.Id);
        int read = 0;
        for (; r.Read(); read++)
        {
            Neuron neuron = IReVaParts.Neurons(edits[r.GetInt64(0)])[r.GetInt32(1)];
            Assert.Equal(r.GetInt32(2), neuron.TargetToken);
            Assert.Equal(r.GetFieldValue<byte[]>(3), Bytes(neuron.Key));
            Assert.Equal(r.GetFieldValue<byte[]>(4), Bytes(neuron.Value));
            Assert.Equal(r.GetDouble(5), neuron.Threshold);
            Assert.Equal(r.GetFieldValue<byte[]>(6), Bytes([.. neuron.Losses.SelectMany(l => new[] { l.Edit, l.Rec, l.Irr })]));
        }

        Assert.Equal(28, read);
        Assert.Equal(read, edits.Values.Sum(edit => IReVaParts.Neurons(edit).Count));
    }

    private static long Version(string path)
    {
        using SqliteConnection connection = Connect(path);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA query_only = ON; PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode = SqliteOpenMode.ReadWrite)
    {
        var source = new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false };
        var connection = new SqliteConnection(source.ToString());
        connection.Open();
        return connection;
    }

    private static byte[] Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static byte[] Bytes(float[] values)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return bytes;
    }
}
