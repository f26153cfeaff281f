using Sharpformer.Editing;
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
        IReadOnlyList<RequestRow> rows = RequestCsv.Read(Table).Rows;
        Assert.Equal(facts, rows.Select(row => row.Request));
        Assert.Equal([null, EditStatus.Withdrawn, null, null], rows.Select(row => row.Status == EditStatus.Active ? null : row.Status));
        Assert.All(rows, row => Assert.Equal("list \"A\"", row.Reason));
    }

    [Theory]
    [InlineData("prompt;target;paraphrase;paraphrase;owner\nA;B, C;D;E;me\n")]
    [InlineData("\uFEFFprompt\ttarget\tparaphrase\tparaphrase\r\nA\tB, C\tD\tE\r\n")]
    [InlineData("paraphrase_2,target,paraphrase_1,prompt\nD,\"B, C\",E,A\n")]
    [InlineData("Prompt, TARGET,Paraphrase,PARAPHRASE_2\nA,\"B, C\",D,E\n")]
    public void Tables_that_people_write_are_read(string text)
    {
        File.WriteAllText(Table, text);
        RequestRow row = Assert.Single(RequestCsv.Read(Table).Rows);
        Assert.Equal(new EditRequest("A", "B, C", null, "facts.csv#0") { Paraphrases = ["D", "E"] }, row.Request);
        Assert.Equal((null, null), (row.Status, row.Reason));
    }

    [Fact]
    public void Columns_that_teaching_has_no_use_for_are_named()
    {
        File.WriteAllText(Table, "id,prompt,target,Theta,paraphrase_1,owner,created\n1,a,b,0.1,c,me,2024\n");
        Assert.Equal(["Theta", "owner"], RequestCsv.Read(Table).Unused);
        File.WriteAllBytes(Table, [.. "prompt,target\na,"u8, 0xE9, (byte)'\n']);
        string message = StoreFolder.Refused(() => RequestCsv.Read(Table));
        Assert.Equal($"{Table}: cannot be read: it is no valid UTF-8 text.", message);
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("prompt,target\n", "no row follows")]
    [InlineData("src,alt\na,b\n", "expected names of columns, \"prompt\" and \"target\"")]
    [InlineData("prompt,target,target\na,b,c\n", "\"target\" is there twice")]
    [InlineData("prompt,target,Target\na,b,c\n", "\"target\" is there twice")]
    [InlineData("prompt,target\na,b\na\n", "line 3: 1 fields, expected 2")]
    [InlineData("prompt,target\na,b,c\n", "line 2: 3 fields, expected 2")]
    [InlineData("prompt,target\na, \n", "line 2: the target is blank")]
    [InlineData("prompt,target\n,b\n", "line 2: the prompt is blank")]
    [InlineData("prompt,target,status\na,b,gone\n", "line 2: the status is \"gone\", expected one of active, withdrawn")]
    [InlineData("prompt,target\na,b\"c\"d\n", "line 2")]
    public void What_is_no_table_of_facts_is_told(string text, string said)
    {
        File.WriteAllText(Table, text);
        string message = StoreFolder.Refused(() => RequestCsv.Read(Table));
        Assert.StartsWith(Table, message, StringComparison.Ordinal);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }
}
