using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

/// <summary>A stranger's store is data: what is in it is neither run nor followed without end.</summary>
public sealed class HostileStoreTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM parts; END", "it has a trigger \"t\", which no edit store has")]
    [InlineData("CREATE VIEW v AS SELECT 1", "it has a view \"v\", which no edit store has")]
    [InlineData("CREATE TABLE more (x)", "it has a table \"more\", which no edit store has")]
    [InlineData("CREATE INDEX more ON edits (source)", "it has a index \"more\", which no edit store has")]
    [InlineData("DROP INDEX edits_by_prompt", "it has no index \"edits_by_prompt\"")]
    [InlineData("DROP TABLE head", "it has no table \"head\"")]
    [InlineData("ALTER TABLE edits ADD COLUMN more TEXT", "its table \"edits\" is not as an edit store's")]
    [InlineData("DROP TABLE identity; CREATE VIEW identity AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
        + "SELECT 1 one, 'a' weights, 'b' tokenizer, max(x) n_embd, '' config FROM c", "view \"identity\"")]
    [InlineData("CREATE TABLE \"\u001b[31mred\" (x)", "it has a table \"\\u001B[31mred\"")]
    public void Whatever_is_in_it_beside_its_tables_is_told_before_anything_is_asked(string sql, string expected)
    {
        _folder.OpenWith(2).Dispose();
        _folder.Sql(sql);
        byte[] before = File.ReadAllBytes(_folder.File);
        Refused(expected);
        Assert.Equal(before, File.ReadAllBytes(_folder.File));
    }

    [Theory]
    [InlineData("store-v1", "CREATE TRIGGER t AFTER UPDATE ON edits BEGIN DELETE FROM neurons; END", "it has a trigger \"t\"")]
    [InlineData("store-v2", "CREATE TABLE more (x)", "it has a table \"more\"")]
    [InlineData("store-v2", "DROP VIEW edit_states; CREATE VIEW edit_states AS SELECT 1", "its view \"edit_states\" is not as")]
    public void So_it_is_with_stores_of_older_programs(string version, string sql, string expected)
    {
        File.Copy(TestFiles.Data(Path.Combine(version, "edits.db")), _folder.File);
        EditStore.Open(_folder.File, readOnly: true).Dispose();
        _folder.Sql(sql);
        Refused(expected);
    }

    [Fact]
    public void A_table_that_leads_back_to_itself_comes_to_an_end()
    {
        _folder.OpenWith(60).Dispose();
        byte[] bytes = File.ReadAllBytes(_folder.File);
        int pages = bytes.Length / 4096;
        for (int page = 1; page < pages; page++)
        {
            // Every pointer of every inner page of a table leads to the same leaf.
            if (bytes[page * 4096] != 5) continue;
            int cells = bytes[page * 4096 + 3] * 256 + bytes[page * 4096 + 4];
            int first = bytes[page * 4096 + 12] * 256 + bytes[page * 4096 + 13];
            for (int cell = 1; cell < cells; cell++)
            {
                int at = bytes[page * 4096 + 12 + 2 * cell] * 256 + bytes[page * 4096 + 13 + 2 * cell];
                Array.Copy(bytes, page * 4096 + first, bytes, page * 4096 + at, 4);
            }
        }

        File.WriteAllBytes(_folder.File, bytes);
        StoreFolder.Refused(() =>
        {
            using EditStore store = EditStore.Open(_folder.File, readOnly: true);
            store.List(withParts: true, includeRemoved: true);
        });
    }

    [Theory]
    [InlineData(-1, "it is cut off, 1 of its")]
    [InlineData(-4096, "it is cut off, 4096 of its")]
    [InlineData(1, "1 bytes lie behind its end")]
    [InlineData(4096, "4096 bytes lie behind its end")]
    public void A_file_of_another_length_than_it_says_is_told(int more, string expected)
    {
        _folder.OpenWith(3).Dispose();
        using (FileStream file = File.OpenWrite(_folder.File)) file.SetLength(file.Length + more);
        Refused(expected);
    }

    private void Refused(string expected)
    {
        foreach (bool readOnly in new[] { true, false })
        {
            string refused = StoreFolder.Refused(() => EditStore.Open(_folder.File, readOnly: readOnly));
            Assert.Contains(expected, refused, StringComparison.Ordinal);
        }
    }
}
