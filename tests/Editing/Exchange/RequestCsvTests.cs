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
        Assert.EndsWith(",reason,created,owner,own:id,team", lines[0], StringComparison.Ordinal);
        IReadOnlyList<EditRecord> rows = EditRecord.Load(Table);
        Assert.Equal(("Ann", "ticket 3", "=red"), (rows[0].Owner, rows[0].Reason, rows[0].Columns["team"]));
        Assert.Equal((null, "all of them", null), (rows[1].Owner, rows[1].Reason, rows[1].Columns["team"]));
    }

    [Fact]
    public void Columns_of_a_file_that_are_named_as_those_of_the_table_come_back_too()
    {
        using EditStore store = folder.Open();
        (string, string?)[] said =
        [
            ("id", "17"), ("relation", "P30"), ("old_answers", "[\"x\",\"y\"]"), ("answers", "z"), ("status", "draft"),
            ("method", "by hand"), ("created", "once"), ("own:status", "of an earlier table"), ("neurons", "3"),
            ("paraphrase_9", "no wording"),
        ];
        EditRequest fact = new("a", "b", null, "s") { Provenance = Provenance.Of(said) };
        store.Add(StoreFolder.Edit(3) with { Request = fact });
        using (StreamWriter writer = File.CreateText(Table)) RequestCsv.Write(writer, store);
        string names = File.ReadAllLines(Table)[0];
        Assert.EndsWith(
            ",created,own:id,relation,old_answers,answers,own:status,own:method,own:created,own:own:status,neurons,own:paraphrase_9", names,
            StringComparison.Ordinal);
        EditRequest read = RequestCsv.RequestOf(Assert.Single(EditRecord.Load(Table)));
        Assert.Equal(fact with { Provenance = Provenance.None }, read with { Provenance = Provenance.None });
        Assert.Equal(said.Order(), read.Provenance.Select(pair => (pair.Name, (string?)pair.Text)).Order());
    }

    [Fact]
    public void A_table_of_people_keeps_its_columns_whatever_their_names()
    {
        File.WriteAllText(Table, "id,prompt,target,status,method\n7,a,b,draft,by hand\n");
        EditRequest read = RequestCsv.RequestOf(Assert.Single(EditRecord.Load(Table)));
        Assert.Equal([("id", "7"), ("status", "draft"), ("method", "by hand")], read.Provenance);
    }
}
