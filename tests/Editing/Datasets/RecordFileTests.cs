using System.Globalization;
using System.Text;
using Sharpformer.Editing.Datasets;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Datasets;

/// <summary>How files of records are read: their forms, their lines, and what is wrong with them.</summary>
public sealed class RecordFileTests : IDisposable
{
    private const string Minimal = """{"src":"A is in","alt":"B"}""";

    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    [Theory]
    [InlineData("[{0},{0}\n,{0}]", "\uFEFF")]
    [InlineData("\r\n [\r\n{0},\r\n{0},\r\n{0}\r\n]\r\n", "")]
    [InlineData("{0}\n{0}\n{0}", "")]
    [InlineData("{0}\r{0}\r{0}\r", "")]
    [InlineData("{0}\r\n\r\n{0}\r\n{0}\r\n", "\uFEFF")]
    [InlineData("src,alt\nA is in,B\nA is in,B\nA is in,B", "\uFEFF")]
    [InlineData("src;alt\r\nA is in;B\r\n\r\nA is in;B\r\nA is in;B\r\n", "")]
    [InlineData("\"src\"\talt\rA is in\tB\rA is in\tB\rA is in\tB", "")]
    public void Arrays_lines_and_tables_with_any_line_end_and_a_mark_in_front_are_read(string form, string mark)
    {
        IReadOnlyList<EditRecord> records = Load(mark + form.Replace("{0}", Minimal, StringComparison.Ordinal));
        Assert.Equal(3, records.Count);
        Assert.All(records, record => Assert.Equal(("A is in", "B"), (record.Prompt, record.Target)));
        Assert.Equal([.. Enumerable.Range(0, 3).Select(i => $"{Path.GetFileName(path)}#{i}")], records.Select(record => record.Source));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(99, 3)]
    [InlineData(null, 3)]
    public void The_limit_stops_early_and_may_exceed_the_file(int? limit, int expected)
    {
        File.WriteAllText(path, $"[{Minimal},{Minimal},{Minimal}]");
        Assert.Equal(expected, EditRecord.Load(path, limit).Count);
    }

    [Fact]
    public void What_follows_the_limit_is_not_looked_at()
    {
        File.WriteAllText(path, $"[{Minimal},{Minimal},!");
        Assert.Equal(2, EditRecord.Load(path, 2).Count);
        Fails.With<InputException>("Limit 0", () => EditRecord.Load(path, 0));
        Fails.With<InputException>("broken JSON", () => EditRecord.Load(path, 3));
    }

    [Theory]
    [InlineData("", "holds no record")]
    [InlineData("\uFEFF", "holds no record")]
    [InlineData(" \r\n ", "holds no record")]
    [InlineData("[]", "holds no record")]
    [InlineData("src,alt\n", "holds no record")]
    [InlineData("{}", "record 0 (counted from 0), line 1: it is of no layout that is known, its fields are none.")]
    [InlineData("{\"data\":[{0}]}", "its fields are \"data\". Hint: known are zsre (src, alt); mquake")]
    [InlineData("The capital of France is,Rome\nThe capital of Spain is,Bonn\n", "its fields are \"The capital of France is\", \"Rome\".")]
    [InlineData(
        "[{0},\n{0},\n{\"alt\":\"B\"}]", "record 2 (counted from 0), line 3, field \"src\": expected a text, got none or a blank one")]
    [InlineData(
        "[{0},\r\n{\"src\":\"A\",\r\n\"alt\":\" \"}]", "record 1 (counted from 0), line 3, field \"alt\": expected a text, got none")]
    [InlineData("{0}\n{0}\n{\"src\":1,\"alt\":\"B\"}", "record 2 (counted from 0), line 3, field \"src\": expected a text, got a number")]
    [InlineData("{0}\r{0}\r{\"src\":1,\"alt\":\"B\"}", "record 2 (counted from 0), line 3, field \"src\": expected a text, got a number")]
    [InlineData("[{\n\"alt\":\"A\",\n\"src\":[\"B\"]}]", "record 0 (counted from 0), line 3, field \"src\": expected a text, got an array")]
    [InlineData("[{\"src\":\"A\",\n\"alt\":{}}]", "line 2, field \"alt\": expected a text, got an object")]
    [InlineData("[{\"src\":\"A\",\"alt\":true}]", "got true or false")]
    [InlineData("[{\"src\":\"\\ud800\",\"alt\":\"B\"}]", "field \"src\": expected a text, got bytes that are not valid UTF-8, or half")]
    [InlineData("[{\"src\":\"A\\u0000\",\"alt\":\"B\"}]", "field \"src\": expected a text, got one with a NUL character")]
    [InlineData("[{0},\n7]", "record 1 (counted from 0), line 2: expected a record as a JSON object, got a number")]
    [InlineData("[[{0}]]", "expected a record as a JSON object, got an array")]
    [InlineData("[{0}]\n{0}", "line 2: expected nothing after the end of the array, got more")]
    [InlineData("[{0},\n{\"src\":\"A", "record 1 (counted from 0), line 2: expected a record as a JSON object, got broken JSON at byte ")]
    [InlineData(
        "[{\"src\":\"A\",\"alt\":\"B\",\n\"src\":\"C\",\"alt\":\"D\"}]",
        "record 0 (counted from 0), line 2, field \"src\": expected each field once, got it twice")]
    [InlineData("{0}\n{\"src\":\"A\",\"alt\":\"B\",\"x\":1,\"x\":1}", "line 2, field \"x\": expected each field once, got it twice")]
    [InlineData("{\"src\":\"A\",\"s\\u0072c\":\"C\",\"alt\":\"B\"}", "field \"src\": expected each field once, got it twice")]
    [InlineData("{\"src\":\"A\",\"alt\":\"B\",\"x\":[0,{\"y\":1,\n\"y\":2}]}", "line 2, field \"x[1].y\": expected each field once")]
    [InlineData("{\"src\":\"A\",\"alt\":\"B\",\"Rephrase\":\"C\"}", "expected field \"rephrase\" in lower case, got \"Rephrase\"")]
    [InlineData("{\"src\":\"A\",\"alt\":\"B\",\"\\ud800\":\"C\"}", "expected names of fields, got bytes")]
    [InlineData("[{0}", "broken JSON")]
    [InlineData("[{0},]", "broken JSON")]
    [InlineData("[{0} {0}]", "broken JSON")]
    [InlineData(
        "[{0}\n,{\"src\" \"A\"}]", "record 1 (counted from 0), line 2: expected a record as a JSON object, got broken JSON at byte 9")]
    [InlineData("prompt,target,Target\na,b,c\n", "line 1: the column \"target\" is there twice")]
    [InlineData("src,alt,src\na,b,c\n", "line 1: the column \"src\" is there twice")]
    [InlineData("prompt,target\na,b\na\n", "record 1 (counted from 0), line 3: expected 2 fields as the first line names columns, got 1")]
    [InlineData("prompt,target\na,b,c\n", "line 2: expected 2 fields as the first line names columns, got 3")]
    [InlineData("prompt,target\na, \n", "line 2, field \"target\": expected a text, got none or a blank one")]
    [InlineData("prompt,target\n,b\n", "line 2, field \"prompt\": expected a text, got none or a blank one")]
    [InlineData("prompt\na\n", "line 2, field \"target\": expected a text, got none or a blank one")]
    [InlineData("prompt,target\n\"a\r\nb\rc\n\",d\ne\n", "record 1 (counted from 0), line 6: expected 2 fields")]
    [InlineData("prompt,target\na,b\"c\"d\n", "line 2: expected a row of fields")]
    [InlineData("prompt,target\na,\"b\"c\n", "line 2: expected a row of fields")]
    [InlineData("prompt,target\na,\"b\nc,d\n", "line 2: expected a row of fields, got a quotation mark that never closes")]
    [InlineData("prompt,target\na,b\0\n", "line 2: expected a row of fields, got one with a NUL character")]
    public void Odd_files_are_refused_in_one_sentence(string content, string expected)
    {
        string message = Assert.Throws<InputException>(() => Load(content.Replace("{0}", Minimal, StringComparison.Ordinal))).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains($"'{path}'", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("prompt, target\na is, \"b\"\n", "a is", "b")]
    [InlineData("prompt,target\n  \"c, or d is\",  \"e, or f\"  \n", "c, or d is", "e, or f")]
    [InlineData("\"prompt\" , \"target\"\r\n\"c \"\"d\"\" is\" , \" e\"", "c \"d\" is", " e")]
    [InlineData("prompt;target\na, \"b\"; c", null, null)]
    [InlineData("prompt,target\n a , b ", " a ", " b ")]
    [InlineData("prompt,target\n\"a\" \"b\",c", null, null)]
    [InlineData("sep=;\r\nprompt;target\r\na, b;c", "a, b", "c")]
    [InlineData("sep=|\nprompt|target\na;b, c|d", "a;b, c", "d")]
    public void Blanks_around_quotation_marks_are_no_part_of_a_cell_and_a_first_line_may_name_the_delimiter(
        string table, string? prompt, string? target)
    {
        RecordSet set = LoadAll(table);
        if (prompt is null) Assert.Equal(2, Assert.Single(set.Bad).Line);
        else Assert.Equal((prompt, target), (Assert.Single(set.Edits).Prompt, set.Edits[0].Target));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        File.WriteAllBytes(path, [.. "[{\"src\":\""u8, 0xC3, 0x28, .. "\",\"alt\":\"B\"}]"u8]);
        Fails.With<InputException>("valid UTF-8", () => EditRecord.Load(path));
        byte[] rows = [.. Enumerable.Repeat("a,ä\n"u8.ToArray(), 9000).SelectMany(row => row)];
        File.WriteAllBytes(path, [.. "prompt,target\n"u8, .. rows, 0xE9, (byte)'\n']);
        string message = Assert.Throws<InputException>(() => EditRecord.Load(path)).Message;
        Assert.Contains("line 9002: it is no valid UTF-8 text. Hint: save it as UTF-8", message, StringComparison.Ordinal);
        foreach (Encoding encoding in (Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode, new UnicodeEncoding(false, false)])
        {
            File.WriteAllText(path, $"[{Minimal}]", encoding);
            Fails.With<InputException>("is UTF-16 text, expected UTF-8", () => EditRecord.Load(path));
        }
    }

    [Fact]
    public void What_is_no_file_is_told_and_not_waited_for()
    {
        Fails.With<InputException>("does not exist", () => EditRecord.Load(path + ".none"));
        Fails.With<InputException>("got a folder", () => EditRecord.Load(Path.GetTempPath()));
        if (OperatingSystem.IsWindows()) return;
        Fails.With<InputException>("a pipe or a device", () => EditRecord.Load("/dev/zero"));
    }

    [Fact]
    public void Nesting_without_end_is_told_and_lines_go_on_behind_it()
    {
        string deep = "{\"src\":" + new string('[', 10_000) + new string(']', 10_000) + "}";
        Fails.With<InputException>("got JSON that is nested deeper than 64", () => Load($"[{Minimal},{deep}]"));
        RecordSet set = LoadAll($"{Minimal}\n{deep}\n{Minimal}");
        Assert.Equal((3, 2, 1), (set.Count, set.Edits.Count, set.BadCount));
    }

    [Theory]
    [InlineData('{')]
    [InlineData(' ')]
    [InlineData('x')]
    public void A_line_without_end_is_given_up_before_it_fills_the_memory(char first)
    {
        Fails.With<InputException>("of at most 64 MiB, got a larger one", () =>
        {
            using RecordFile endless = RecordFile.Over(new Endless(first), "endless");
            return endless.Load();
        });
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)] // a record longer than the buffer
    public void Records_and_lines_are_counted_across_blocks_of_the_file(int length)
    {
        int count = length > 1000 ? 20 : 20_000;
        var text = new StringBuilder("[\n");
        for (int i = 0; i < count; i++)
            text.Append(CultureInfo.InvariantCulture, $"{{\n\"src\":\"{new string('ü', length)} {i}\",\r\n\"alt\":\"B{i}\"\r}},\n");
        IReadOnlyList<EditRecord> records = Load(text + Minimal + "]");
        Assert.Equal(count + 1, records.Count);
        for (int i = 0; i < count; i++)
            Assert.Equal((new string('ü', length) + " " + i, "B" + i), (records[i].Prompt, records[i].Target));
        (string record, int line) = ($"record {count} (counted from 0), line ", 4 * count + 2);
        Fails.With<InputException>(
            $"{record}{line + 1}, field \"src\": expected a text, got a number", () => Load(text + "{\n\"src\":0}]"));
        Fails.With<InputException>(
            $"{record}{line}: expected a record as a JSON object, got broken JSON at byte 7 of line {line + 1}",
            () => Load(text + "{\n\"src\":x}]"));
    }

    [Theory]
    [InlineData("{\"src\":\"A\",\n", 1)]
    [InlineData("\n\n{\"src\":\n\"A", 3)]
    [InlineData("[{0}\n,\r\n{\"src\":\n\"A", 3)]
    [InlineData("{0}\n{\"src\":\n{0}\n", 2)]
    public void A_record_that_is_cut_off_is_told_by_the_line_where_it_begins(string content, int line)
    {
        string message = Assert.Throws<InputException>(() => Load(content.Replace("{0}", Minimal, StringComparison.Ordinal))).Message;
        Assert.Contains($", line {line}: expected a record as a JSON object, got broken JSON at byte", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_is_too_large_is_told_by_the_line_where_it_begins() => Fails.With<InputException>(
        "record 1 (counted from 0), line 3: expected a record of at most 64 MiB",
        () => Load($"[{Minimal}\n,\n{{\"src\":\"{new string('a', 64 << 20)}\"}}]"));

    [Fact]
    public void Of_lines_and_tables_the_good_ones_are_kept_and_each_bad_one_is_named()
    {
        RecordSet set = LoadAll($"{Minimal}\n{{\"src\":\"A\"\n7\n{{\"src\":\"A\"}}\n{Minimal}\n{{\"src\":\"cut");
        Assert.Equal((6, 2, 4), (set.Count, set.Edits.Count, set.BadCount));
        Assert.Equal([(1, 2, null), (2, 3, null), (3, 4, "alt"), (5, 6, null)], set.Bad.Select(bad => (bad.Index, bad.Line, bad.Field)));
        Assert.Equal(4, set.Edits[1].Source[^1] - '0');
        Fails.With<InputException>("4 of 6 records cannot be used.", () => set.Sound());

        set = LoadAll("prompt,target\na\nb,c\nd,\n\"e\"f,g\nh,i\n");
        Assert.Equal((5, 2, 3), (set.Count, set.Edits.Count, set.BadCount));
        Assert.Equal([(0, 2), (2, 4), (3, 5)], set.Bad.Select(bad => (bad.Index, bad.Line)));
        Assert.Equal(["b", "h"], set.Edits.Select(edit => edit.Prompt));

        set = LoadAll(string.Concat(Enumerable.Repeat("{\"src\":\"A\"}\n", 1000)));
        Assert.Equal((1000, RecordSet.MostBad), (set.BadCount, set.Bad.Count));
    }

    [Fact]
    public void An_array_that_breaks_off_cannot_be_read_further()
    {
        File.WriteAllText(path, $"[{Minimal},{Minimal},{{\"src\":");
        using RecordFile file = RecordFile.Open(path);
        Fails.With<InputException>("is the file complete?", () => file.Load());
    }

    [Fact]
    public void Prompts_alone_are_enough_where_no_target_is_needed()
    {
        foreach (string text in (string[])["{\"src\":\"A\"}", "{\"prompt\":\"A\"}", "prompt\nA\n"])
        {
            File.WriteAllText(path, text);
            using RecordFile file = RecordFile.Open(path);
            EditRecord record = Assert.Single(file.Load(needsTarget: false).Edits);
            Assert.Equal(("A", ""), (record.Prompt, record.Target));
        }
    }

    [Fact]
    public void Fields_are_counted_and_those_without_use_named()
    {
        File.WriteAllText(path, """[{"src":"A","alt":"B","cond":"x","pred":null},{"src":"A","alt":"B","pred":""}]""");
        using RecordFile file = RecordFile.Open(path);
        file.Load();
        Assert.Equal([("src", 2), ("alt", 2), ("cond", 1), ("pred", 1)], file.Fields.Select(pair => (pair.Key, pair.Value)));
        Assert.Equal(["cond"], file.Unused);
        Assert.Equal("zsre", file.Layout);
    }

    private IReadOnlyList<EditRecord> Load(string content)
    {
        File.WriteAllText(path, content);
        return EditRecord.Load(path);
    }

    private RecordSet LoadAll(string content)
    {
        File.WriteAllText(path, content);
        using RecordFile file = RecordFile.Open(path);
        return file.Load();
    }

    /// <summary>One character, and then another without end.</summary>
    private sealed class Endless(char first) : MemoryStream
    {
        private bool hasBegun;

        public override int Read(Span<byte> buffer)
        {
            buffer.Fill(first == ' ' ? (byte)' ' : (byte)'x');
            if (!hasBegun && first == '{') "{\"src\":\""u8.CopyTo(buffer);
            hasBegun = true;
            return buffer.Length;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    }
}
