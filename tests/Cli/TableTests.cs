using Sharpformer.Cli;

namespace Sharpformer.Tests.Cli;

/// <summary>Tables and prose on screens of any width.</summary>
public sealed class TableTests
{
    [Fact]
    public void A_table_that_fits_is_as_wide_as_its_texts() => Assert.Equal(
        """
        ╭────┬────────╮
        │ id │ target │
        ├────┼────────┤
        │ 1  │ Rome   │
        │ 12 │ 東京   │
        ╰────┴────────╯

        """, Written(new Table("id", "target"), 80, ["1", "Rome"], ["12", "東京"]));

    [Fact]
    public void Texts_are_broken_between_words_and_quoted_tokens_stay_whole() => Assert.Equal(
        """
        ╭──────────────┬─────────────╮
        │ prompt       │ said        │
        ├──────────────┼─────────────┤
        │ The capital  │ " Rome" is  │
        │ of France is │ said        │
        ╰──────────────┴─────────────╯

        """, Written(new Table("prompt", "said"), 30, ["The capital of France is", "\" Rome\" is said"]));

    [Theory]
    [InlineData(60)]
    [InlineData(34)]
    [InlineData(20)]
    [InlineData(9)]
    public void No_line_is_wider_than_the_screen(int width)
    {
        string table = Written(
            new Table("edit", "prompt", "neuron", "when").Sparing(2, 3), width,
            ["1", "Constantinople is the place where Procopius died", "0", "2026-11-26 04:25:08Z"], ["2", "あいうえおかきくけこ", "", ""]);
        Assert.All(table.TrimEnd('\n').Split('\n'), line => Assert.InRange(TextWrap.WidthOf(line), 1, Math.Max(width, 9)));
    }

    [Fact]
    public void Columns_that_can_be_spared_go_before_a_word_is_broken_and_empty_ones_first()
    {
        string[] row = ["1", "Constantinople", "important", ""];
        Table table = new Table("id", "prompt", "note", "why").Sparing(2, 3);
        Assert.Contains("why", Written(table, 80, row), StringComparison.Ordinal);
        string narrower = Written(new Table("id", "prompt", "note", "why").Sparing(2, 3), 36, row);
        Assert.DoesNotContain("why", narrower, StringComparison.Ordinal);
        Assert.Contains("important", narrower, StringComparison.Ordinal);
        string narrow = Written(new Table("id", "prompt", "note", "why").Sparing(2, 3), 24, row);
        Assert.DoesNotContain("note", narrow, StringComparison.Ordinal);
        Assert.Contains("Constantinople", narrow, StringComparison.Ordinal);
        string dashes = Written(new Table("id", "prompt", "note", "why"), 36, ["1", "Constantinople", "important", "-"]);
        Assert.DoesNotContain("why", dashes, StringComparison.Ordinal);
    }

    [Fact]
    public void A_moment_is_not_broken() =>
        Assert.Contains("2026-11-26 04:25:08Z", Written(
            new Table("what", "when"), 40, ["a text that is as long as it takes", "2026-11-26 04:25:08Z"]), StringComparison.Ordinal);

    [Fact]
    public void Colours_take_no_room()
    {
        var table = new Table("said");
        table.Add(new Cell("Rome", Paint.Green));
        using var writer = new StringWriter();
        table.Write(writer, 80, isColoured: true);
        Assert.Contains("│ \e[32mRome\e[0m │", writer.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("one two three", 7, "one two\nthree")]
    [InlineData("one two three", 5, "one\ntwo\nthree")]
    [InlineData("/a/path/that/is/long is told", 8, "/a/path/that/is/long\nis told")]
    [InlineData("  indented text stays so", 14, "  indented\n  text stays\n  so")]
    [InlineData("first\nsecond", 80, "first\nsecond")]
    [InlineData("", 10, "")]
    public void Prose_never_breaks_inside_a_word(string text, int width, string expected) =>
        Assert.Equal(expected, TextWrap.Prose(text, width));

    [Theory]
    [InlineData(24)]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public void Help_is_broken_between_words_at_any_width(int width)
    {
        foreach ((System.CommandLine.Command command, string[] path) in All(Program.Commands(), []))
        {
            using var writer = new StringWriter();
            HelpText.Print(writer, command, path, width);
            string[] words = [.. string.Concat(command.Options.Select(option => option.Description + " ")).Split(' ')];
            foreach (string word in words.Where(word => word.Length > 0))
                Assert.Contains(word, writer.ToString(), StringComparison.Ordinal);
            Assert.All(writer.ToString().Split('\n'), line => Assert.True(
                line.Length <= width || line.Trim().Split(' ').Length <= 2 || line.Trim().StartsWith("--", StringComparison.Ordinal),
                line));
        }

        static IEnumerable<(System.CommandLine.Command, string[])> All(System.CommandLine.Command command, string[] path) =>
            [(command, path), .. command.Subcommands.SelectMany(sub => All(sub, [.. path, sub.Name]))];
    }

    private static string Written(Table table, int width, params string[][] rows)
    {
        foreach (string[] row in rows) Terminal.AddRow(table, row);
        using var writer = new StringWriter();
        table.Write(writer, width, isColoured: false);
        return writer.ToString();
    }
}
