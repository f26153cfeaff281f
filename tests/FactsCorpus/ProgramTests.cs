using System.Text.Json;
using Sharpformer.FactsCorpus;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.FactsCorpus;

public class ProgramTests
{
    private static readonly ModelConfig Tiny = new()
    {
        ModelType = "gpt2",
        NEmbd = 8,
        NLayer = 1,
        NHead = 2,
        NPositions = 128,
        VocabSize = 7015,
        NInner = 8,
    };

    [Fact]
    public void Build_writes_one_text_a_line_and_counts_them()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        (int code, string output, _) = Run("build", "--output", folder.File("out"), "--model", TestFiles.Model, "--documents", "500");
        Assert.Equal(0, code);
        Assert.Contains("statement", output, StringComparison.Ordinal);
        string[] lines = File.ReadAllText(folder.File("out/corpus.jsonl")).Split('\n');
        Assert.Equal(501, lines.Length); // the last one ends too
        Assert.All(lines[..500], line => Assert.NotEmpty(JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!));
        Assert.NotEmpty(File.ReadAllLines(folder.File("out/heldout.jsonl")));
    }

    [Fact]
    public void Ask_tells_of_every_frame()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        RandomCheckpoint.Write(folder.File("tiny"), Tiny, DType.F16, seed: 0, TestFiles.Model);
        (int code, string output, _) = Run("ask", "--model", folder.File("tiny"), "--limit", "4", "--json");
        Assert.Equal(0, code);
        JsonElement result = JsonDocument.Parse(output).RootElement;
        Assert.Equal(12, result.GetProperty("rows").GetArrayLength());
        Assert.All(result.GetProperty("rows").EnumerateArray(), row => Assert.Equal(4, row.GetProperty("asked").GetInt32()));

        (code, output, _) = Run("ask", "--model", folder.File("tiny"), "--limit", "1");
        Assert.Equal(0, code);
        Assert.Contains("after 4 sentences", output, StringComparison.Ordinal);
        Assert.Contains("by chance", output, StringComparison.Ordinal);
        Assert.Contains("guessed from names", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--output is missing.", "build")]
    [InlineData("--output is missing.", "build", "--output", "")]
    [InlineData("\"--out\" is no option here", "build", "--out", "x")]
    [InlineData("--output has no value.", "build", "--output")]
    [InlineData("--output is given twice.", "build", "--output", "x", "--output", "y")]
    [InlineData("--documents is \"0\"", "build", "--output", "x", "--documents", "0")]
    [InlineData("--seed is \"-1\"", "build", "--output", "x", "--seed", "-1")]
    [InlineData("--limit is \"many\"", "ask", "--model", "x", "--limit", "many")]
    [InlineData("no-such-folder", "ask", "--model", "no-such-folder")]
    public void What_is_wrong_is_said_in_one_sentence(string said, params string[] args)
    {
        (int code, _, string error) = Run(args);
        Assert.Equal(1, code);
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }

    [Fact]
    public void A_file_in_the_way_is_told()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        File.WriteAllText(folder.File("out"), "");
        (int code, _, string error) = Run("build", "--output", folder.File("out"), "--model", TestFiles.Model, "--documents", "1");
        Assert.Equal(1, code);
        Assert.Contains("cannot be written", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(2, "teach")]
    [InlineData(0, "--help")]
    public void Without_a_command_the_usage_is_shown(int expected, params string[] args)
    {
        (int code, string output, string error) = Run(args);
        Assert.Equal(expected, code);
        Assert.Contains("build --output DIR", expected == 0 ? output : error, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        return (Program.Run(args, output, error), output.ToString(), error.ToString());
    }
}
