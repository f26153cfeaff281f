using System.Text.Json;
using Sharpformer.Cli;

namespace Sharpformer.Tests.Cli;

public sealed class DemoTests
{
    [Fact]
    public void The_demo_tells_the_whole_story()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(0, Program.Run(["demo", "--threads", "1", "--json"], output, error));
        string[] story = error.ToString().Split('\n'); // with --json beside the document

        Assert.Contains(story, line =>
            Cells(line) is ["The mother tongue of Shakira is …", "Russian", "The native language of Shakira is …", "Spanish"]);
        Assert.Contains(story, line => Cells(line) is ["where was the 2015 rugby union world cup held?", "England", "England"]);
        Assert.Contains(story, line => line.Contains("neuron 0 of edit 1", StringComparison.Ordinal));
        Assert.Contains(
            "  taught London   withdrawn Paris   restored London (all 7,015 logits the same, bit for bit)",
            story.Select(l => l.TrimEnd()));
        Assert.Contains(story, line => Cells(line) is ["base", "39.0", "39.0", "70.3", "49.4", "-"]);
        Assert.Contains(story, line => Cells(line) is ["edited", "99.0", _, "70.3", _, _]);

        JsonElement document = new CliRun(0, output.ToString(), "").Document(), told = document.GetProperty("story");
        Assert.Equal((8, 8), (told.GetProperty("facts").GetArrayLength(), told.GetProperty("unrelated").GetArrayLength()));
        JsonElement first = told.GetProperty("facts")[0];
        Assert.Equal(("Russian", "Spanish"), (first.GetProperty("before").GetString(), first.GetProperty("now").GetString()));
        Assert.True(told.GetProperty("withdrawal").GetProperty("isSame").GetBoolean());
        Assert.Equal(99, document.GetProperty("atScale").GetProperty("edited").GetProperty("es").GetDouble());
    }

    private static string[] Cells(string line) => [.. line.Split('│').Select(cell => cell.Trim()).Where(cell => cell.Length > 0)];
}
