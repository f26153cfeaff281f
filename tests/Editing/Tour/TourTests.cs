using Xunit.Sdk;

namespace Sharpformer.Tests.Editing.Tour;

public sealed class TourTests
{
    private const string Project = "#:project ", Shown = "\n// It prints:\n//\n";

    private static IEnumerable<string> Files =>
        Directory.GetFiles(TestFiles.Docs("tour"), "*.cs").Select(path => Path.GetFileName(path)).Order();

    public static TheoryData<string> Chapters => [.. Files];

    [Theory]
    [MemberData(nameof(Chapters))]
    public void A_chapter_prints_what_it_shows(string chapter)
    {
        string path = Path.Combine(TestFiles.Docs("tour"), chapter), text = File.ReadAllText(path).ReplaceLineEndings("\n");
        int at = text.IndexOf(Shown, StringComparison.Ordinal);
        Assert.True(at >= 0, $"{chapter} does not show what it prints.");
        IEnumerable<string> shown = text[(at + Shown.Length)..].TrimEnd().Split('\n').Select(line => line.Length > 5 ? line[5..] : "");
        Assert.Equal(string.Join('\n', shown), OneFileProgram.Run(path).ReplaceLineEndings("\n").TrimEnd());
    }

    [Fact]
    public void A_chapter_names_a_project_that_is_there() => Assert.All(Files, chapter =>
    {
        string first = File.ReadLines(Path.Combine(TestFiles.Docs("tour"), chapter)).First();
        Assert.StartsWith(Project, first, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(TestFiles.Docs("tour"), first[Project.Length..])), first);
    });

    [Fact]
    public void What_does_not_compile_or_ends_badly_fails()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        string unused = folder.File("unused.cs"), bad = folder.File("bad.cs");
        File.WriteAllText(unused, "using System.Text;\nConsole.WriteLine(1);\n");
        File.WriteAllText(bad, "#:project x\nConsole.WriteLine(1);\nreturn 1;\n");
        Assert.Contains("CS8019", Assert.ThrowsAny<XunitException>(() => OneFileProgram.Run(unused)).Message, StringComparison.Ordinal);
        Assert.Contains("ends with 1", Assert.ThrowsAny<XunitException>(() => OneFileProgram.Run(bad)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_tour_has_six_chapters_and_its_page_names_each()
    {
        string page = File.ReadAllText(Path.Combine(TestFiles.Docs("tour"), "README.md"));
        Assert.Equal(6, Files.Count());
        Assert.All(Files, chapter => Assert.Contains($"({chapter})", page, StringComparison.Ordinal));
    }
}
