using System.Text.RegularExpressions;
using System.Xml.Linq;
using Sharpformer.Editing;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Reports;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Reports;

/// <summary>What is filed of a comparison: nothing in it may do anything, whoever wrote the texts.</summary>
public sealed class DiffPageTests
{
    private const string Hostile = "<script>alert(1)</script>\" onload=x & \u202Egnihton\u2028\u001b[31m \uD800 😀";

    private static readonly ReportOrigin Origin = new(
        Hostile, new ModelFingerprint("aa", "bb"), Hostile, new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), "1.2.3");

    [Fact]
    public void Texts_from_stores_and_models_stay_texts()
    {
        string page = Page(Report(Hostile, 1.5, 0.25));
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=x &amp; \\u202Egnihton\\u2028\\u001B[31m \\uD800 ", page,
            StringComparison.Ordinal);
        Assert.DoesNotMatch("[\u0000-\u0009\u000b-\u001f\u202a-\u202e\u2028\u2029\ufffd]", page);
    }

    [Fact]
    public void It_is_one_file_that_fetches_nothing_and_says_where_it_is_from()
    {
        string page = Page(Report("The capital of France is", 1.5, 0.25));
        Assert.DoesNotMatch("(?i)https?://|src=|href=|@import|url\\(", page);
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", page, StringComparison.Ordinal);
        Assert.Contains("2026-01-02 03:04:05 UTC", page, StringComparison.Ordinal);
        Assert.Contains("Sharpformer 1.2.3", page, StringComparison.Ordinal);
        Assert.Contains("weights aa", page, StringComparison.Ordinal);
        string body = page[page.IndexOf("<body>", StringComparison.Ordinal)..(page.IndexOf("</body>", StringComparison.Ordinal) + 7)];
        XElement tree = XElement.Parse(body.Replace("<br>", "<br/>", StringComparison.Ordinal)); // every element is closed
        Assert.Equal(2, tree.Descendants("tbody").Single().Elements("tr").Count());
    }

    [Fact]
    public void The_most_changed_come_first_and_what_is_no_number_before_them()
    {
        string page = Page(Report("a", 0.25, 1.5));
        Assert.True(page.IndexOf("1.5000</td>", StringComparison.Ordinal) < page.IndexOf("0.2500</td>", StringComparison.Ordinal));
        DiffReport broken = Report("a", 0.25, double.NaN);
        Assert.True(double.IsNaN(broken.MostChanged.First().Kl));
        Assert.Single(Regex.Matches(Page(broken, rows: 1), "<tr class=\"changed\">"));
        Assert.Contains("1 of 2", Page(broken, rows: 1), StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_for_programs_has_every_position_and_no_formula()
    {
        using var writer = new StringWriter();
        DiffCsv.Write(writer, Report("=cmd(\"x\"),\n2", 1.5, 0.25));
        string csv = writer.ToString();
        Assert.StartsWith(
            "text,position,base,base_probability,before,before_probability,after,after_probability,changed,kl_nats,edit_before,edit_after\n"
                + "\"'=cmd(\"\"x\"\"),\n2\",3,",
            csv, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(csv, "\"b\"|,b,0.5,yes,(1.5|0.25),,4\n"));
    }

    [Fact]
    public void A_file_is_written_whole_or_left_as_it_was()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        string path = folder.File("report.html");
        ReportFile.Write(path, writer => writer.Write("old"));
        Assert.Throws<IOException>(() => Broken(path));
        Assert.Equal("old", File.ReadAllText(path));
        ReportFile.Write(path, writer => writer.Write("new"));
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder.Path));
        Fails.With<InputException>("got a folder", () => ReportFile.Write(folder.Path, _ => { }));
        Fails.With<InputException>("cannot be written", () => ReportFile.Write(folder.File("none/report.html"), _ => { }));

        static void Broken(string path)
        {
            try
            {
                ReportFile.Write(path, _ => throw new IOException("disk full"));
            }
            catch (InputException e)
            {
                throw e.InnerException!;
            }
        }
    }

    private static DiffReport Report(string text, params double[] divergences) => new([.. divergences.Select(kl => new Difference(
        text, 3, null, [new SaidToken(1, text, 0.75), new SaidToken(2, "b", 0.1)], [new SaidToken(2, "b", 0.5)], kl, null, 4))]);

    private static string Page(DiffReport report, int rows = 10) => DiffPage.Of(
        Origin, new DiffSide("base", null!, null, []), new DiffSide(Hostile, null!, Hostile, []), report, rows);
}
