using Microsoft.Data.Sqlite;
using Sharpformer.Editing;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>A store that the last program of schema version 2 made, and what that program said about it.</summary>
public sealed class StoreVersion2Tests : IDisposable
{
    private static readonly string Original = TestFiles.Data(Path.Combine("store-v2", "edits.db"));

    private readonly StoreFolder _folder = new();

    public StoreVersion2Tests() => File.Copy(Original, _folder.File);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Edits_parts_and_events_are_those_of_the_file(bool readOnly)
    {
        using EditStore store = EditStore.Open(_folder.File, readOnly: readOnly);
        AssertOriginal(store);
        Assert.Equal(new EditCounts(Active: 3, Withdrawn: 1, Removed: 2, TargetTokens: 7), store.Count());
        Assert.Equal(
            ["1: 1 Added from the list", "1: 2 Added from the list", "2: 3 Added ", "3: 4 Added ", "4: 2 Withdrawn wrong source",
                "5: 3 Withdrawn ", "6: 3 Restored right after all", "7: 4 Removed ", "8: 1 Withdrawn ", "9: 1 Removed for good",
                "10: 5 Added ", "11: 6 Added again, «quoted»"],
            store.Events().Select(line => $"{line.Change}: {line.EditId} {line.Action} {line.Reason}"));
        Assert.All(store.Events(), line => Assert.Equal(("root", "0.1.0", null), (line.User, line.Version, line.Detail)));
    }

    [Fact]
    public void It_is_changed_like_any_other()
    {
        using EditStore store = EditStore.Open(_folder.File, author: StoreFolder.Author);
        Assert.Equal(EditStatus.Active, (store.Restore(2, "after all"), store.Get(2).Status).Status);
        store.Undo(10);
        Assert.Equal(EditStatus.Undone, store.Get(5).Status);
        Assert.Contains("change 4 touched edit 2", StoreFolder.Refused(() => store.Undo(1)), StringComparison.Ordinal);
        Assert.Equal(7, store.Add(store.Get(3)).Id);
    }

    [Fact]
    public void It_is_read_where_nothing_can_be_written_and_left_as_it_is()
    {
        Directory.CreateDirectory(_folder.File + "-wal"); // stops SQLite as a read-only folder does, but also for root
        using (EditStore store = EditStore.Open(_folder.File, readOnly: true)) AssertOriginal(store);
        Assert.Equal(File.ReadAllBytes(Original), File.ReadAllBytes(_folder.File));
    }

    [Fact]
    public void Migration_hardly_changes_the_size_gives_the_same_bytes_and_the_tables_of_a_new_store()
    {
        EditStore.Open(_folder.File).Dispose();
        using var other = new StoreFolder();
        File.Copy(Original, other.File);
        EditStore.Open(other.File).Dispose();
        Assert.Equal(File.ReadAllBytes(_folder.File), File.ReadAllBytes(other.File));
        Assert.InRange(new FileInfo(_folder.File).Length, 1, 5 * new FileInfo(Original).Length / 4);
        Assert.Equal(["edits.db"], Directory.GetFiles(_folder.Root).Select(Path.GetFileName));

        using var made = new StoreFolder();
        made.OpenWith(1).Dispose();
        using var first = new StoreFolder();
        File.Copy(TestFiles.Data(Path.Combine("store-v1", "edits.db")), first.File);
        EditStore.Open(first.File).Dispose();
        Assert.Equal(Schema(made.File), Schema(_folder.File));
        Assert.Equal(Schema(made.File), Schema(first.File));
    }

    private const string Trigger = """
        CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN
            SELECT RAISE(ABORT, 'events are never deleted');
        END
        """;

    [Fact]
    public void A_store_of_version_2_without_a_model_stays_without()
    {
        _folder.Sql("DELETE FROM parts; DROP TRIGGER events_stay; DELETE FROM events; DELETE FROM edits; DELETE FROM identity;" + Trigger);
        using (EditStore store = EditStore.Open(_folder.File)) Assert.Equal((null, 0), (store.Identity, store.Events().Count));
        using EditStore again = _folder.Open();
        Assert.Equal(1, again.Add(StoreFolder.Edit(1)).Id);
    }

    [Theory]
    [InlineData("UPDATE parts SET data = x'0102' WHERE edit_id = 2 AND name = 'key'", "edit 2 has a field that cannot be read")]
    [InlineData("DELETE FROM parts WHERE edit_id = 3", "edit 3 is not whole")]
    [InlineData("UPDATE parts SET data = cast(x'0000C07F' || substr(data, 5) AS BLOB) WHERE edit_id = 3 AND name = 'key'",
        "edit 3 is not whole: key[0] of row 0 is NaN")]
    [InlineData("UPDATE edits SET prompt_tokens = 'x' WHERE id = 2", "edit 2")]
    [InlineData("UPDATE edits SET method = 'nobody' WHERE id = 2", "edit 2: Editing method \"nobody\" is unknown")]
    [InlineData("UPDATE edits SET final_loss = 'x' WHERE id = 2", "edit 2 has a field that cannot be read (final_loss is String")]
    [InlineData("DROP TRIGGER events_stay; DELETE FROM events WHERE edit_id = 3;" + Trigger, "no event tells of edit 3")]
    [InlineData("INSERT INTO events VALUES (13, 3, '2024-02-29T23:59:59.3580245Z', 'eve', 'praised', NULL, '9', NULL)",
        "event 13 has a field that cannot be read (action \"praised\" is unknown)")]
    [InlineData("INSERT INTO events VALUES (13, 3, '2024-02-29T23:59:59.3580245Z', 'eve', 'removed', NULL, '9', NULL)",
        "edit 3 is not whole: it is removed and has 4 parts")]
    [InlineData("DROP TABLE parts", "parts")]
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

    /// <summary>Every field of every row of version 2 is there.</summary>
    private static void AssertOriginal(EditStore store)
    {
        using SqliteConnection connection = Connect(Original);
        Dictionary<long, Edit> edits = store.List(withParts: true, includeRemoved: true).ToDictionary(edit => edit.Id);
        List<object?[]> rows = StoreFolder.Rows(connection, """
            SELECT id, method, settings, prompt, target, subject, source, prompt_tokens, target_tokens, batch, final_loss, status,
                created_at
            FROM edit_states
            """);
        Assert.Equal(6, rows.Count);
        foreach (object?[] row in rows)
        {
            Edit edit = edits[(long)row[0]!];
            row[2] = EditSettings.Parse((string)row[1]!, (string)row[2]!).ToJson(); // with what settings have more of since
            EditRequest request = edit.Request;
            object?[] actual =
            [
                edit.Id, edit.Method, edit.Settings, request.Prompt, request.Target, request.Subject, request.Source,
                EditRow.Tokens(edit.PromptTokens), EditRow.Tokens(edit.TargetTokens), edit.Batch, edit.FinalLoss,
                edit.Status.ToString().ToLowerInvariant(), EditRow.Time(edit.CreatedAt),
            ];
            row[2] = EditSettings.Parse(edit.Method, (string)row[2]!); // what a setting was that was added since
            Assert.Equal(row, actual);
        }

        rows = StoreFolder.Rows(connection, "SELECT edit_id, name, shape, data FROM parts");
        Assert.Equal(rows.Count, edits.Values.Sum(edit => edit.Parts.Count));
        foreach (object?[] row in rows)
        {
            EditPart part = edits[(long)row[0]!].Part((string)row[1]!)!;
            Assert.Equal((string)row[2]!, PartRows.Shape(part.Shape));
            Assert.Equal((byte[])row[3]!, PartRows.Bytes(part.Values));
        }
    }

    private static List<string> Schema(string path)
    {
        using SqliteConnection connection = Connect(path);
        return StoreFolder
            .Rows(connection, "SELECT type || ' ' || name || ': ' || sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
            .ConvertAll(row => (string)row[0]!).FindAll(row => !row.Contains("sqlite_sequence", StringComparison.Ordinal));
    }

    private static SqliteConnection Connect(string path)
    {
        var source = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false };
        var connection = new SqliteConnection(source.ToString());
        connection.Open();
        return connection;
    }
}
