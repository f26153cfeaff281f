using System.Globalization;
using System.Text;
using Sharpformer.Editing;
using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Datasets;

public sealed class EditRecordTests : IDisposable
{
    private const string Minimal = """{"src":"A is in","alt":"B"}""";

    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void All_fields_are_read_and_unknown_ones_skipped()
    {
        EditRecord record = Assert.Single(Load("""
            [{"cond":{"x":[1,{"src":"no"}]},"subject":"S","src":"S died in","pred":"Rome","rephrase":"S's life ended in",
              "alt":"Oslo","answers":["Rome","Roma"],"loc":"nq question: why","loc_ans":"be\u0063ause","relation":"P20","n":1e9}]
            """));
        Assert.Equal(("S", "S died in", "S's life ended in", "Oslo"), (record.Subject, record.Src, record.Rephrase, record.Alt));
        Assert.Equal(("nq question: why", "because", "P20"), (record.Loc, record.LocAns, record.Relation));
    }

    [Theory]
    [InlineData("""{"src":"A is in","alt":"B"}""")]
    [InlineData("""{"alt":"B","rephrase":null,"pred":"","loc":" ","loc_ans":null,"answers":null,"subject":null,"src":"A is in"}""")]
    public void Optional_fields_may_be_absent_null_or_blank(string json)
    {
        EditRecord record = Assert.Single(Load($"[{json}]"));
        Assert.Equal(("A is in", "B"), (record.Src, record.Alt));
        Assert.All(new[] { record.Subject, record.Rephrase, record.Loc, record.LocAns, record.Relation }, Assert.Null);
        Assert.Null(record.RephrasePrompt("x"));
        Assert.Null(record.LocalityPrompt("x"));
    }

    [Fact]
    public void Prompts_are_put_together_as_the_sets_want_it()
    {
        EditRecord record = Assert.Single(Load(
            """{"src":"Where?","rephrase":"In which place?","alt":"X","loc":"who","loc_ans":"me","subject":"S"}"""));
        Assert.Equal("Where? Answer:", record.EditPrompt(" Answer:"));
        Assert.Equal("In which place? Answer:", record.RephrasePrompt(" Answer:"));
        Assert.Equal("who? Answer:", record.LocalityPrompt(" Answer:"));
        Assert.Equal("who?", (record with { Loc = "who?" }).LocalityPrompt(""));
        Assert.Null((record with { LocAns = null }).LocalityPrompt(""));
        var request = new EditRequest("Where? Answer:", "X", "S", "zsre.json#17") { Paraphrases = ["In which place? Answer:"] };
        Assert.Equal(request, record.ToRequest(" Answer:", "zsre.json#17"));
        Assert.Equal("Where?", record.ToRequest("", "").Prompt);
    }

    [Theory]
    [InlineData("[{0},{0}\n,{0}]", "\uFEFF")]
    [InlineData("\r\n [\r\n{0},\r\n{0},\r\n{0}\r\n]\r\n", "")]
    [InlineData("{0}\n{0}\n{0}", "")]
    [InlineData("{0}\r\n\r\n{0}\r\n{0}\r\n", "\uFEFF")]
    public void Arrays_and_lines_with_any_line_end_and_a_mark_in_front_are_read(string form, string mark) =>
        Assert.Equal(3, Load(mark + form.Replace("{0}", Minimal, StringComparison.Ordinal)).Count);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(99, 3)]
    [InlineData(null, 3)]
    public void The_limit_stops_early_and_may_exceed_the_file(int? limit, int expected)
    {
        File.WriteAllText(_path, $"[{Minimal},{Minimal},{Minimal}]");
        Assert.Equal(expected, EditRecord.Load(_path, limit).Count);
    }

    [Fact]
    public void What_follows_the_limit_is_not_looked_at()
    {
        File.WriteAllText(_path, $"[{Minimal},{Minimal},!");
        Assert.Equal(2, EditRecord.Load(_path, 2).Count);
        Assert.Throws<InputException>(() => EditRecord.Load(_path, 0));
        Assert.Throws<InputException>(() => EditRecord.Load(_path, 3));
    }

    [Theory]
    [InlineData("", "holds no record")]
    [InlineData("\uFEFF", "holds no record")]
    [InlineData(" \r\n ", "holds no record")]
    [InlineData("[]", "holds no record")]
    [InlineData("{}", "record 0 (counted from 0), line 1: expected field \"src\" with a text, got none")]
    [InlineData("{\"data\":[{0}]}", "record 0 (counted from 0), line 1: expected field \"src\"")]
    [InlineData("[{0},\n{0},\n{\"alt\":\"B\"}]", "record 2 (counted from 0), line 3: expected field \"src\"")]
    [InlineData("[{0},\r\n{\"src\":\"A\",\r\n\"alt\":\" \"}]", "record 1 (counted from 0), line 2: expected field \"alt\" with a text")]
    [InlineData("{0}\n{0}\n{\"src\":1,\"alt\":\"B\"}", "record 2 (counted from 0), line 3: expected a text in field \"src\", got a number")]
    [InlineData(
        "[{\n\"src\":\"A\",\n\"alt\":[\"B\"]}]",
        "record 0 (counted from 0), line 3: expected a text in field \"alt\", got an array")]
    [InlineData("[{\"src\":\"A\",\"alt\":{}}]", "got an object")]
    [InlineData("[{\"src\":\"A\",\"alt\":true}]", "got true or false")]
    [InlineData("[{\"src\":\"\\ud800\",\"alt\":\"B\"}]", "expected a text in field \"src\", got bytes")]
    [InlineData("[{0},\n7]", "record 1 (counted from 0), line 2: expected a record as a JSON object, got a number")]
    [InlineData("[[{0}]]", "expected a record as a JSON object, got an array")]
    [InlineData("null", "got null")]
    [InlineData("[{0}]\n{0}", "after the end of the array, line 2: expected nothing more, got an object")]
    [InlineData("[{0},\n{\"src\":\"A", "record 1 (counted from 0), line 2: broken JSON at byte ")]
    [InlineData(
        "[{\"src\":\"A\",\"alt\":\"B\",\n\"src\":\"C\",\"alt\":\"D\"}]",
        "record 0 (counted from 0), line 2: expected each field once, got \"src\" twice")]
    [InlineData(
        "{0}\n{\"src\":\"A\",\"alt\":\"B\",\"x\":1,\"x\":1}",
        "record 1 (counted from 0), line 2: expected each field once, got \"x\" twice")]
    [InlineData("{\"src\":\"A\",\"s\\u0072c\":\"C\",\"alt\":\"B\"}", "expected each field once, got \"src\" twice")]
    [InlineData(
        "{\"src\":\"A\",\"alt\":\"B\",\"Rephrase\":\"C\"}", "expected field \"rephrase\" in lower case, got \"Rephrase\"")]
    [InlineData("[{0}", "broken JSON")]
    [InlineData("[{0},]", "broken JSON")]
    [InlineData("[{0} {0}]", "broken JSON")]
    [InlineData("[{0}\n,{\"src\" \"A\"}]", "record 1 (counted from 0), line 2: broken JSON at byte 9 of the line")]
    [InlineData("src,alt\nA,B", "record 0 (counted from 0), line 1: broken JSON at byte 1 of the line")]
    public void Odd_files_are_refused_in_one_sentence(string content, string expected)
    {
        string message = Assert.Throws<InputException>(() => Load(content.Replace("{0}", Minimal, StringComparison.Ordinal))).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains($"'{_path}'", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        File.WriteAllBytes(_path, [.. "[{\"src\":\""u8, 0xC3, 0x28, .. "\",\"alt\":\"B\"}]"u8]);
        Assert.Contains("valid UTF-8", Assert.Throws<InputException>(() => EditRecord.Load(_path)).Message, StringComparison.Ordinal);
        File.WriteAllText(_path, $"[{Minimal}]", Encoding.Unicode);
        Assert.Contains("broken JSON", Assert.Throws<InputException>(() => EditRecord.Load(_path)).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => EditRecord.Load(_path + ".none"));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)] // a record longer than the buffer
    public void Records_and_lines_are_counted_across_blocks_of_the_file(int length)
    {
        const int Records = 20_000;
        int count = length > 1000 ? 20 : Records;
        var text = new StringBuilder("[\n");
        for (int i = 0; i < count; i++)
            text.Append(CultureInfo.InvariantCulture, $"{{\n\"src\":\"{new string('ü', length)} {i}\",\n\"alt\":\"B{i}\"\n}},\n");
        IReadOnlyList<EditRecord> records = Load(text + Minimal + "]");
        Assert.Equal(count + 1, records.Count);
        for (int i = 0; i < count; i++) Assert.Equal((new string('ü', length) + " " + i, "B" + i), (records[i].Src, records[i].Alt));
        string message = Assert.Throws<InputException>(() => Load(text + "{\n\"src\":0}]")).Message;
        Assert.Contains($"record {count} (counted from 0), line {4 * count + 3}:", message, StringComparison.Ordinal);
        message = Assert.Throws<InputException>(() => Load(text + "{\n\"src\":x}]")).Message;
        Assert.Contains($"record {count} (counted from 0), line {4 * count + 3}: broken JSON at byte 7", message, StringComparison.Ordinal);
    }

    private IReadOnlyList<EditRecord> Load(string content)
    {
        File.WriteAllText(_path, content);
        return EditRecord.Load(_path);
    }
}
