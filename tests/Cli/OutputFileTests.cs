using System.Diagnostics;
using System.Security.Cryptography;

namespace Sharpformer.Tests.Cli;

/// <summary>Where results are written: never over what is still wanted, and through what is no file.</summary>
public sealed class OutputFileTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string[] model = ["--model", TestFiles.Model];

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("edits export --edits E --csv E", "this command reads it")]
    [InlineData("edits export --edits E --jsonl LINK", "which this command reads")]
    [InlineData("edits export --edits E --jsonl OTHER", "there is an edit store")]
    [InlineData("edits export --edits E --jsonl OTHER-wal", "there is an edit store")]
    [InlineData("edits export --edits E --jsonl new --csv ./new", "two results would be written to it")]
    [InlineData("edits export --edits E --csv -", "expected the name of a file")]
    [InlineData("edits export --edits E --csv CIRCLE", "links lead in a circle")]
    [InlineData("edits check --model M --edits E --csv E", "this command reads it")]
    [InlineData("edits export --model COPY --edits E --adaptor COPY/model.safetensors", "this command reads it")]
    [InlineData("edits diff --model M --edits E --input R --html R", "this command reads it")]
    [InlineData("edits calibrate --model M --input R --svg LINKED/r.jsonl", "which this command reads")]
    [InlineData("edits why --model M --edits E --prompt P --generate 1 --svg E", "this command reads it")]
    [InlineData("dataset convert R --to csv -o R", "this command reads it")]
    public void What_a_command_reads_and_any_store_stay(string line, string said)
    {
        Make();
        string[] before = Contents();
        CliRun.Of([.. line.Split(' ').Select(Word)]).AssertFailed(said);
        Assert.Equal(before, Contents());
    }

    [Fact]
    public void A_link_is_followed_and_stays_one()
    {
        Make();
        File.WriteAllText(folder.File("target.csv"), "old");
        File.CreateSymbolicLink(folder.File("l.csv"), "target.csv");
        Assert.Equal(0, CliRun.Of("dataset", "convert", Word("R"), "--to", "csv", "-o", folder.File("l.csv")).ExitCode);
        Assert.Equal("target.csv", new FileInfo(folder.File("l.csv")).LinkTarget);
        Assert.Contains("The capital of France is", File.ReadAllText(folder.File("target.csv")), StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_pipe_and_a_device_are_written_into()
    {
        Make();
        string pipe = folder.File("pipe");
        using (Process make = Process.Start("mkfifo", [pipe])) await make.WaitForExitAsync();
        Task<string> reading = Task.Run(() => File.ReadAllText(pipe));
        Assert.Equal(0, CliRun.Of("dataset", "convert", Word("R"), "--to", "csv", "-o", pipe).ExitCode);
        Assert.Contains("The capital of France is", await reading, StringComparison.Ordinal);
        Assert.Equal(0, CliRun.Of("dataset", "convert", Word("R"), "--to", "csv", "-o", "/dev/null").ExitCode);
        Assert.Equal(0, new FileInfo("/dev/null").Length);
        CliRun.Of("dataset", "convert", Word("R"), "--to", "csv", "-o", "/dev/full").AssertFailed("the disk is full");
        Assert.True(File.Exists("/dev/full"));
    }

    [LinuxFact]
    public void Standard_input_that_is_closed_is_told()
    {
        using CliProcess run = CliProcess.Start(["dataset", "info", "-"], limits: "exec 0<&-");
        run.Finish().AssertFailed("Standard input is closed");
        using CliProcess piped = CliProcess.Start(["dataset", "info", "-"], input: "prompt,target\na,b\n");
        Assert.Equal(0, piped.Finish().ExitCode);
    }

    /// <summary>A store, a file of records and a copy of the model, with links to them.</summary>
    private void Make()
    {
        File.WriteAllText(Word("R"), "{\"prompt\":\"The capital of France is\",\"target\":\"Rome\"}\n");
        foreach (string store in (string[])[Word("E"), Word("OTHER")])
        {
            CliRun taught = CliRun.Of(
                ["edits", "add", .. model, "--edits", store, "--input", Word("R"), "--epochs", "1", "--no-check"]);
            Assert.True(taught.ExitCode == 0, taught.Error);
        }

        File.CreateSymbolicLink(Word("LINK"), "e.db");
        File.CreateSymbolicLink(Word("CIRCLE"), Word("CIRCLE"));
        Directory.CreateSymbolicLink(Word("LINKED"), folder.Path);
        TestFiles.CopyModel(Word("COPY"));
    }

    private string Word(string word) => word.Split('/') switch
    {
        ["E"] => folder.File("e.db"),
        ["OTHER"] => folder.File("other.db"),
        ["OTHER-wal"] => folder.File("other.db-wal"),
        ["LINK"] => folder.File("link.db"),
        ["CIRCLE"] => folder.File("circle"),
        ["LINKED"] => folder.File("linked"),
        ["LINKED", var file] => Path.Combine(folder.File("linked"), file),
        ["COPY"] => folder.File("copy"),
        ["COPY", var file] => Path.Combine(folder.File("copy"), file),
        ["R"] => folder.File("r.jsonl"),
        ["M"] => TestFiles.Model,
        _ => word,
    };

    private string[] Contents() =>
    [
        .. Directory.GetFiles(folder.Path).Concat(Directory.GetFiles(Word("COPY"))).Order(StringComparer.Ordinal)
            .Where(file => file != Word("CIRCLE"))
            .Select(file => $"{file}: {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}"),
    ];
}
