using Microsoft.Data.Sqlite;
using Sharpformer.Editing.Store;

namespace Sharpformer.Tests.Editing.Store;

public class RowTextsTests
{
    [Fact]
    public void The_same_text_is_the_same_string()
    {
        string[] read = Read("('ireva'), ('losses'), ('ireva'), ('losses')");
        Assert.Equal(["ireva", "losses", "ireva", "losses"], read);
        Assert.Same(read[0], read[2]);
        Assert.Same(read[1], read[3]);
    }

    [Fact]
    public void Texts_of_one_slot_are_told_apart()
    {
        // equal in length, middle and end
        Assert.Equal(["abcd", "axcd", "abcd"], Read("('abcd'), ('axcd'), ('abcd')"));
    }

    [Fact]
    public void Whatever_stands_in_them_is_read()
    {
        Assert.Equal(["", "Zoë 🙂", "a\0b"], Read("(''), ('Zoë 🙂'), ('a' || char(0) || 'b')"));
    }

    [Fact]
    public void Null_is_no_text()
    {
        Assert.Throws<InvalidOperationException>(() => Read("(NULL)"));
        Assert.Null(Assert.Single(Read("(NULL)", (texts, row) => texts.OrNull(row, 0))));
    }

    private static string[] Read(string values) => Read(values, (texts, row) => texts.Of(row, 0));

    private static T[] Read<T>(string values, Func<RowTexts, SqliteDataReader, T> read)
    {
        using var memory = StoreDatabase.OpenInMemory();
        using SqliteCommand command = memory.Command($"VALUES {values}");
        using SqliteDataReader row = command.ExecuteReader();
        var texts = new RowTexts();
        List<T> found = [];
        while (row.Read()) found.Add(read(texts, row));
        return [.. found];
    }
}
