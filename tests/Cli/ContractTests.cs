using System.Text.Json;
using Sharpformer.Cli;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Cli;

/// <summary>What scripts may rely on, whatever the command; docs/command-line.md says the same.</summary>
public sealed class ContractTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("edits lsit --edits E", 2, "Did you mean 'list'?")]
    [InlineData("edit list", 2, "Did you mean 'edits'?")]
    [InlineData("list", 2, "Did you mean 'sharpformer edits list' or 'sharpformer experiment list'?")]
    [InlineData("verify", 2, "Did you mean 'sharpformer edits verify' or 'sharpformer model verify'?")]
    [InlineData("edits list --edit E", 2, "Did you mean '--edits'?")]
    [InlineData("edits list --edits E --jsno", 2, "Did you mean '--json'?")]
    [InlineData("generate --model M --prompt P --device gpu", 2, "--device is 'gpu', expected one of auto, cpu, cuda, opencl.")]
    [InlineData("generate --model M --prompt P --device cda", 2, "Did you mean 'cuda'?")]
    [InlineData("edits add --model M --edits E --prompt P --target T --method irva", 2, "Did you mean 'ireva'?")]
    [InlineData("edits add --model M --edits E --prompt P --target T --method ft --variant ft-n", 2, "expected one of ft-l, ft-m, paper")]
    [InlineData("edits add --model M --edits E --prompt P --target T --method emmet --variant ft-l", 2, "one of easyedit, emmet")]
    [InlineData("edits add --model M --edits E --prompt P --target T --method rome --layers 2", 2, "is not an option of method rome")]
    [InlineData("edits add --model M --edits E --prompt P --target T --method memit --layers 0", 2, "expected a whole number from 1")]
    [InlineData("edits add --model M --edits E --prompt P --target T --method ultraedit --epochs 2", 2, "--learning-rate, --seed")]
    [InlineData("edits add --model M --edits E --prompt P --target T --set lambda", 2, "--set is 'lambda', expected NAME=VALUE.")]
    [InlineData("edits add --model M --edits E --prompt P --target T --set a=1 --set a=2", 2, "--set names 'a' twice.")]
    [InlineData("edits add --model M --edits E --prompt P --target T --on-conflict keeep", 2, "Did you mean 'keep'?")]
    [InlineData("model random --output O --shape gpt2-x", 2, "Did you mean 'gpt2-xl'?")]
    [InlineData("model info", 2, "needs DIR: The model folder.")]
    [InlineData("edits list --edits", 2, "--edits is missing its FILE")]
    [InlineData("help edits lsit", 2, "Did you mean 'list'?")]
    [InlineData("help demo me", 2, "There is no help on 'me'")]
    [InlineData("model info /no/such/folder", 1, "no such folder")]
    public void A_failure_is_a_sentence_and_under_json_one_document_too(string line, int exitCode, string said)
    {
        string[] args = line.Split(' ');
        CliRun run = CliRun.Of(args), json = CliRun.Of(["--json", .. args]);
        Assert.Equal((exitCode, ""), (run.ExitCode, run.Out));
        Assert.StartsWith("error: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        Assert.Equal((exitCode, run.Error), (json.ExitCode, json.Error));
        JsonElement error = json.Document().GetProperty("error");
        Assert.Equal(["message", "hint", "exitCode"], error.EnumerateObject().Select(property => property.Name));
        Assert.Contains(said, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(exitCode, error.GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public void A_hint_is_told_apart_in_json()
    {
        JsonElement error = CliRun.Of("edits", "list", "--edits", folder.File("none.db"), "--json").Document().GetProperty("error");
        Assert.DoesNotContain("Hint", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        var told = new InputException("It is wrong.", "mend it.");
        Assert.Equal(("It is wrong.", "mend it."), (told.Sentence, told.Hint));
    }

    [Fact]
    public void What_does_not_hold_has_an_exit_code_of_its_own_and_its_whole_document()
    {
        CliRun run = CliRun.Of("edits", "check", "--model", TestFiles.Model, "--edits", Store(), "--min", "1", "--json");
        Assert.Equal(3, run.ExitCode);
        Assert.Equal(1, run.Document().GetProperty("n").GetInt32());
    }

    [Fact]
    public void A_result_says_what_it_came_of()
    {
        string store = Store();
        JsonElement run = CliRun.Json(
            "generate", "--model", TestFiles.Model, "--edits", store, "--prompt", "Paris", "--max-new-tokens", "2", "--top-p", "0.85")
            .GetProperty("run");
        Assert.Equal(["version", "command", "model", "store", "device", "settings"], run.EnumerateObject().Select(p => p.Name));
        Assert.Equal(
            (RunRecord.Version, "generate", TestFiles.Model, store, "cpu"),
            (run.GetProperty("version").GetString(), run.GetProperty("command").GetString(), run.GetProperty("model").GetString(),
                run.GetProperty("store").GetString(), run.GetProperty("device").GetString()));
        JsonElement settings = run.GetProperty("settings");
        Assert.Equal(("Paris", 2), (settings.GetProperty("prompt").GetString(), settings.GetProperty("maxNewTokens").GetInt32()));
        Assert.Equal("0.85", settings.GetProperty("topP").GetRawText()); // a float32 by its shortest digits
        Assert.Equal(0, settings.GetProperty("seed").GetInt32()); // also what was not said

        settings = CliRun.Json("edits", "show", "1", "--edits", store).GetProperty("run").GetProperty("settings");
        Assert.Equal("1", settings.GetProperty("id")[0].GetString());
        settings = CliRun.Json(
            "edits", "add", "--model", TestFiles.Model, "--edits", store, "--prompt", "a b", "--target", "c", "--epochs", "1")
            .GetProperty("run").GetProperty("settings");
        Assert.Equal(4, settings.GetProperty("editing").GetProperty("layer").GetInt32()); // what the model's own settings made of it
        Assert.Equal(TestFiles.Model, CliRun.Json("model", "info", TestFiles.Model).GetProperty("run").GetProperty("model").GetString());
    }

    [Fact]
    public void Lists_stay_lists()
    {
        Assert.Equal(JsonValueKind.Array, CliRun.Json("edits", "list", "--edits", Store()).ValueKind);
        Assert.Equal(JsonValueKind.Array, CliRun.Json("model", "tokenize", "--model", TestFiles.Model, "--text", "Paris").ValueKind);
    }

    [Theory]
    [InlineData("en_US.ISO-8859-1")]
    [InlineData("C")]
    [InlineData("tr_TR.UTF-8")]
    public void All_output_is_utf_8_whatever_the_locale(string locale)
    {
        string[] tokenize = ["model", "tokenize", "--model", TestFiles.Model, "--text", "é中 İı"];
        using CliProcess json = CliProcess.Start([.. tokenize, "--json"], locale: locale);
        CliRun done = json.Finish();
        Assert.Contains("\"text\":\"é中 İı\"", done.Out, StringComparison.Ordinal);
        Assert.Equal("é中 İı", done.Document()[0].GetProperty("text").GetString());
        using CliProcess plain = CliProcess.Start(["edits", "list", "--edits", folder.File("é中.db")], locale: locale);
        Assert.Contains("é中.db", plain.Finish().Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dash_is_standard_input()
    {
        const string Text = "Anatole France was born in\n";
        string path = folder.File("t.txt");
        File.WriteAllText(path, Text);
        string[] model = ["--model", TestFiles.Model];
        Same(["generate", .. model, "--max-new-tokens", "1"], "--prompt", Text.TrimEnd());
        Same(["model", "logits", .. model], "--prompt", Text.TrimEnd());
        Same(["model", "tokenize", .. model], "--input", path);
        Same(["model", "verify", TestFiles.Model], "--text", path);
        Same(["evaluate", "perplexity", .. model], "--text", path);
        Same(["edits", "diff", .. model, "--edits", Store()], "--text", path);
        using CliProcess twice = CliProcess.Start(
            ["model", "statistics", .. model, "--layer", "1", "--output", folder.File("s"), "--text", "-"], input: Text);
        twice.Finish().AssertFailed("expected a file");

        void Same(string[] command, string option, string value)
        {
            using CliProcess run = CliProcess.Start([.. command, option, "-"], input: Text);
            CliRun read = run.Finish(), given = CliRun.Of([.. command, option, value]);
            Assert.True(read.ExitCode == 0, read.Error);
            Assert.Equal(given.Out, read.Out);
        }
    }

    [Fact]
    public void Help_and_version_are_commands_too()
    {
        Assert.Equal(CliRun.Of("--help").Out, CliRun.Of("help").Out);
        Assert.Equal(CliRun.Of("edits", "add", "--help").Out, CliRun.Of("help", "edits", "add").Out);
        Assert.Equal(CliRun.Of("edits", "-h").Out, CliRun.Of("help", "edits").Out);
        string version = CliRun.Of("--version").Out;
        Assert.Equal(version, CliRun.Of("version").Out);
        Assert.Equal(version, CliRun.Of("-v").Out);
        Assert.Equal(version.TrimEnd(), CliRun.Json("version").GetProperty("version").GetString());
        Assert.Equal(version.TrimEnd(), CliRun.Json("--version").GetProperty("version").GetString());
        Assert.Equal("edits add", CliRun.Json("help", "edits", "add").GetProperty("command").GetString());
    }

    [Fact]
    public void Hints_name_commands_that_can_be_typed()
    {
        Assert.Equal("see 'sharpformer edits list'.", ProgramName.InHints("see 'edits list'."));
        Assert.Equal("by 'sharpformer model statistics --layer 1'", ProgramName.InHints("by 'model statistics --layer 1'"));
        Assert.Equal("'sharpformer bench', 'sharpformer devices'", ProgramName.InHints("'bench', 'devices'"));
        Assert.Equal("'edits' in 'editing', 'model none'", ProgramName.InHints("'edits' in 'editing', 'model none'"));

        string project = folder.File("check out/src/Cli");
        Directory.CreateDirectory(project);
        string built = Path.Combine(project, "bin", "Release", "net10.0") + Path.DirectorySeparatorChar;
        Assert.Equal("sharpformer", ProgramName.Of(built, folder.Path)); // such a path alone is no checkout
        File.WriteAllText(Path.Combine(project, "Cli.csproj"), "");
        Assert.Equal("dotnet run -c Release --project \"check out/src/Cli\" --", ProgramName.Of(built, folder.Path));
        Assert.Equal("dotnet run -c Release --project src/Cli --", ProgramName.Of(built, folder.File("check out")));
        Assert.Equal(
            "dotnet run --project src/Cli --", ProgramName.Of(Path.Combine(project, "bin", "Debug", "net10.0"), folder.File("check out")));
        Assert.Equal("sharpformer", ProgramName.Of(folder.Path, folder.Path));
    }

    private string Store()
    {
        string path = folder.File("e.db");
        if (!File.Exists(path))
        {
            CliRun.Json(
                "edits", "add", "--model", TestFiles.Model, "--edits", path, "--prompt", "Douglas Adams works as", "--target", "author",
                "--no-check");
        }

        return path;
    }
}
