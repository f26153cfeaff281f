using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Exchange;
using Sharpformer.Editing.Store;
using Sharpformer.Tests.Editing.Store;

namespace Sharpformer.Tests.Editing.Exchange;

/// <summary>Facts as a table, there and back.</summary>
public sealed class RequestCsvTests : IDisposable
{
    private readonly StoreFolder folder = new();

    private string Table => Path.Combine(folder.Root, "facts.csv");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Texts_of_any_kind_come_back_and_no_spreadsheet_takes_them_for_formulas()
    {
        EditRequest[] facts =
        [
            new("=1+1", "-5, \"so\"", "+49", "a.json#0") { Paraphrases = ["@x", "line\nbreak"] }, new("'=x", "''-", null, "s"),
            new(" blank ", "'quoted'", "Ü 北京 🦊", "s"), new("plain; and\ttab", "x", null, "s"),
        ];
        using EditStore store = folder.Open();
        foreach (EditRequest fact in facts) store.Add(StoreFolder.Edit(3) with { Request = fact }, "list \"A\"");
        store.Withdraw(2);
        using (StreamWriter writer = File.CreateText(Table)) Assert.Equal(4, RequestCsv.Write(writer, store));
        string text = File.ReadAllText(Table);
        string names = "id,status,prompt,target,subject,paraphrase_1,paraphrase_2,source,method,reason,created\n";
        Assert.StartsWith(names, text, StringComparison.Ordinal);
        Assert.Contains("1,active,'=1+1,\"'-5, \"\"so\"\"\",'+49,'@x,", text, StringComparison.Ordinal);
        IReadOnlyList<EditRecord> rows = EditRecord.Load(Table);
        Assert.Equal(facts, rows.Select(row => row.ToRequest("") with { Provenance = Provenance.None }));
        Assert.Equal(["active", "withdrawn", "active", "active"], rows.Select(row => row.Columns["status"]));
        Assert.All(rows, row => Assert.Equal("list \"A\"", row.Reason));
    }

    [Fact]
    public void What_a_file_said_of_a_fact_has_columns_of_its_own()
    {
        using EditStore store = folder.Open();
        EditRequest fact = new("a", "b", null, "s")
        {
            Provenance = Provenance.Of([("owner", "Ann"), ("reason", "ticket 3"), ("id", "17"), ("team", "=red")]),
        };
        store.Add(StoreFolder.Edit(3) with { Request = fact }, "all of them");
        store.Add(StoreFolder.Edit(3) with { Request = new("c", "d") }, "all of them");
        using (StreamWriter writer = File.CreateText(Table)) RequestCsv.Write(writer, store);
        string[] lines = File.ReadAllLines(Table);
        Assert.EndsWith(",reason,created,owner,team", lines[0], StringComparison.Ordinal);
        IReadOnlyList<EditRecord> rows = EditRecord.Load(Table);
        Assert.Equal(("Ann", "ticket 3", "=red"), (rows[0].Owner, rows[0].Reason, rows[0].Columns["team"]));
        Assert.Equal((null, "all of them", null), (rows[1].Owner, rows[1].Reason, rows[1].Columns["team"]));
    }
}
