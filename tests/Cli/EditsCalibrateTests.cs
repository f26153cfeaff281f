using System.Text.Json;
using System.Xml.Linq;

namespace Sharpformer.Tests.Cli;

/// <summary><c>edits calibrate</c>.</summary>
public sealed class EditsCalibrateTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string[] calibrate;

    public EditsCalibrateTests()
    {
        TestFiles.CopyModel(folder.Path);
        calibrate = ["edits", "calibrate", "--model", folder.Path, "--input", TestFiles.Facts("counterfact"), "--limit", "6"];
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_pair_is_recommended_drawn_and_written_where_it_is_asked_for()
    {
        string svg = folder.File("c.svg"), defaults = folder.File("sharpformer.json"), before = File.ReadAllText(defaults);
        JsonElement result = CliRun.Json([.. calibrate, "--theta", "0.6,0.8", "--svg", svg]);
        Assert.Equal(2, result.GetProperty("points").GetArrayLength());
        Assert.Equal(3, result.GetProperty("records").GetProperty("heldOut").GetInt32());
        Assert.Equal(JsonValueKind.Null, result.GetProperty("written").ValueKind);
        Assert.Equal("svg", XElement.Load(svg).Name.LocalName);
        Assert.Equal(before, File.ReadAllText(defaults));

        CliRun run = CliRun.Of([.. calibrate, "--theta", "0.6", "--alpha", "2", "--write"]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Recommended: alpha 2, theta 0.6", run.Out, StringComparison.Ordinal);
        Assert.Contains("Written to", run.Out, StringComparison.Ordinal);
        JsonElement editing = CliRun.Json("model", "info", folder.Path).GetProperty("editing");
        Assert.Equal((2, 0.6), (editing.GetProperty("alpha").GetDouble(), Math.Round(editing.GetProperty("theta").GetDouble(), 6)));
    }

    [Theory]
    [InlineData("--theta 0.5,1", "--theta has '1'")]
    [InlineData("--theta 0.5,,0.6", "--theta has ''")]
    [InlineData("--alpha 0", "--alpha has '0'")]
    public void Wrong_usage_is_told(string options, string said)
    {
        CliRun run = CliRun.Of([.. calibrate, .. options.Split(' ')]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }
}
