using System.Text.RegularExpressions;
using Sharpformer.Cli;

namespace Sharpformer.Tests.Cli;

/// <summary>Numbers, units and moments of one kind look alike, whichever command prints them.</summary>
public sealed partial class FiguresTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(1, "1 byte")]
    [InlineData(999, "999 bytes")]
    [InlineData(1000, "1.00 kB")]
    [InlineData(999_499, "999 kB")]
    [InlineData(999_500, "1.00 MB")]
    [InlineData(13_142_552, "13.1 MB")]
    [InlineData(1.5e9, "1.50 GB")]
    [InlineData(2.5e12, "2.50 TB")]
    public void Sizes(double bytes, string expected) => Assert.Equal(expected, Terminal.Bytes(bytes));

    [Theory]
    [InlineData(0.0643, "64 ms")]
    [InlineData(0.9994, "999 ms")]
    [InlineData(0.9996, "1.0 s")]
    [InlineData(119.9, "119.9 s")]
    [InlineData(120, "2.0 min")]
    [InlineData(9000, "2.5 h")]
    public void Durations(double seconds, string expected) => Assert.Equal(expected, Terminal.Duration(seconds));

    [Theory]
    [InlineData(0.0, "0.0")]
    [InlineData(0.137, "0.14")]
    [InlineData(0.994, "0.99")]
    [InlineData(0.996, "1.0")]
    [InlineData(99.94, "99.9")]
    [InlineData(99.98, "99.98")]
    [InlineData(99.9999, "99.99")]
    [InlineData(100.0, "100.0")]
    [InlineData(null, "-")]
    public void Shares(double? percent, string expected) => Assert.Equal(expected, Terminal.Percent(percent));

    [Theory]
    [InlineData(0, "0.000")]
    [InlineData(1, "1.000")]
    [InlineData(0.0005, "5E-4")]
    [InlineData(0.0000321, "3.2E-5")]
    public void Probabilities(double p, string expected) => Assert.Equal(expected, Terminal.Probability(p));

    [Theory]
    [InlineData(0.0123, "0.01")]
    [InlineData(9.99, "9.99")]
    [InlineData(9.996, "10.0")]
    [InlineData(99.96, "100")]
    [InlineData(12345.6, "12,346")]
    public void Speeds(double value, string expected) => Assert.Equal(expected, Terminal.Figure(value));

    [Fact]
    public void All_that_commands_print_has_these_forms_and_json_has_no_rounding_noise()
    {
        string store = folder.File("e.db"), records = CliFiles.Records(folder, "r.json", 7, "zsre multi-token", "pararel");
        string text = folder.File("t.txt"), tiny = folder.File("tiny");
        File.WriteAllText(text, "Anatole France was born in Paris\nDouglas Adams works as author\n");
        string[] model = ["--model", TestFiles.Model], edits = ["--edits", store];
        string[][] commands =
        [
            ["edits", "add", .. model, .. edits, "--input", records, "--epochs", "2"],
            ["edits", "list", .. edits], ["edits", "show", "1", "2", .. edits], ["edits", "log", .. edits],
            ["edits", "check", "--all", .. model, .. edits], ["edits", "conflicts", .. edits],
            ["edits", "why", .. model, .. edits, "--prompt", "Douglas Adams works as"],
            ["edits", "why", .. model, .. edits, "--prompt", "Douglas Adams works as", "--generate", "3"],
            ["edits", "diff", .. model, .. edits, "--text", text], ["edits", "verify", .. edits],
            ["evaluate", "edits", .. model, .. edits, "--input", records], ["evaluate", "perplexity", .. model, .. edits, "--text", text],
            ["evaluate", "withdrawal", .. model, .. edits, "--input", records],
            ["model", "info", TestFiles.Model], ["model", "verify", TestFiles.Model],
            ["model", "logits", .. model, "--prompt", "Douglas Adams works as"],
            ["model", "random", "--output", tiny, "--layers", "1", "--vocab", "2000", "--positions", "9"],
            ["model", "convert", tiny, "--output", folder.File("converted")],
            ["bench", "--model", tiny, "--edits", "3", "--repetitions", "1", "--seconds", "0"], ["devices"],
        ];
        foreach (string[] command in commands)
        {
            CliRun run = CliRun.Of(command);
            Assert.True(run.ExitCode == 0, run.Error);
            string all = run.Out + run.Error, named = string.Join(' ', command);
            foreach (Match unit in Unit().Matches(all))
                Assert.True(Known().IsMatch(unit.Value), $"{named}: {unit.Value}");
            foreach (Match moment in Date().Matches(all))
                Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$", all.Substring(moment.Index, Math.Min(20, all.Length - moment.Index)));
            Assert.DoesNotMatch(@"\d\.\d{5}", all); // digits that mean nothing
            string? headers = run.Out.Split('\n').FirstOrDefault(line => line.StartsWith('│'));
            foreach (string cell in headers?.Split('│')[1..^1] ?? [])
                Assert.True(cell.Trim().Length > 0, $"{named}: a column without a header");
        }

        foreach (string[] command in commands.Where(one => one is not (["edits", "add", ..] or ["model", "random" or "convert", ..])))
            Assert.DoesNotMatch(@"\d\.\d*(0000000\d|9999999\d)\b", CliRun.Of([.. command, "--json"]).Out);
    }

    /// <summary>A number and what looks like a unit behind it.</summary>
    [GeneratedRegex(@"(?<![\w.,])[\d.,]*\d ?(?:%|[kKMGT]i?B|bytes?|ms|s|sec|seconds|min|minutes|h|hours)(?![\w-])")]
    private static partial Regex Unit();

    /// <summary>The forms that docs/command-line.md lists.</summary>
    [GeneratedRegex(@"^(?:\d\.\d\d|\d\d\.\d|\d{3}) [kMGT]B$|^\d{1,3}(,\d{3})* bytes?$|^\d{1,3} ms$|^\d+\.\d (s|min|h)$"
        + @"|^(\d+\.\d|0\.\d\d) %$"
        + @"|^\d+ of \d+ MB$|^\d+ MB$")]
    private static partial Regex Known();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d")]
    private static partial Regex Date();
}
