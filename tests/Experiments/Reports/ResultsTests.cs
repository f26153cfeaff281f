using Sharpformer.Experiments.Reports;
using Sharpformer.Experiments.Running;

namespace Sharpformer.Tests.Experiments.Reports;

/// <summary>The results that come with the project: their report is what follows from their points, and pages quote it as it is.</summary>
public sealed class ResultsTests
{
    private const string Mark = "<!-- of report.md: ";

    private static readonly string Results = TestFiles.Docs("results");

    [Fact]
    public void The_report_follows_from_the_points()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        foreach (string part in new[] { "plans", "points" })
        {
            Directory.CreateDirectory(folder.File(part));
            foreach (string file in Directory.GetFiles(Path.Combine(Results, part), "*.json"))
                File.Copy(file, folder.File($"{part}/{Path.GetFileName(file)}"));
        }

        ReportFiles.Write(new ResultFolder(folder.Path));
        string[] made = [.. Directory.GetFiles(folder.Path, "report.*"), .. Directory.GetFiles(folder.File("pictures"))];
        Assert.All(made, file => Assert.Equal(
            File.ReadAllText(file), File.ReadAllText(Path.Combine(Results, Path.GetRelativePath(folder.Path, file)))));
        string[] drawn = [.. Directory.GetFiles(Path.Combine(Results, "pictures")).Select(Path.GetFileName).OfType<string>().Order()];
        Assert.Equal(Directory.GetFiles(folder.File("pictures")).Select(Path.GetFileName).Order(), drawn);
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/results/README.md")]
    public void Tables_are_quoted_as_they_are(string page)
    {
        string[] report = File.ReadAllLines(Path.Combine(Results, "report.md"));
        string[] lines = File.ReadAllLines(Path.Combine(TestFiles.Docs(".."), page));
        int quoted = 0;
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith(Mark, StringComparison.Ordinal)) continue;
            string title = lines[i][Mark.Length..].Split(" -->")[0];
            int at = Array.FindIndex(report, line => line.StartsWith($"**{title}**", StringComparison.Ordinal));
            Assert.True(at >= 0, $"{page}: the report has no table {title}");
            string[] table = [.. report.Skip(at + 2).TakeWhile(line => line.StartsWith('|'))];
            string[] own = [.. lines.Skip(i + 1).SkipWhile(line => line.Length == 0).TakeWhile(line => line.StartsWith('|'))];
            Assert.True(own.Length > 2, $"{page}: there is no table behind {title}");
            Assert.Equal(table[0], own[0]);
            Assert.All(own, line => Assert.Contains(line, table));
            quoted++;
        }

        Assert.True(quoted > 0);
    }

    [Fact]
    public void They_are_small_enough_to_be_read_by_everybody() =>
        Assert.InRange(Directory.GetFiles(Results, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length), 1, 5_000_000);
}
