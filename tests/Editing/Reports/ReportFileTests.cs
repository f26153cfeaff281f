using Sharpformer.Editing.Reports;
using Sharpformer.Tensors;

namespace Sharpformer.Tests.Editing.Reports;

/// <summary>Files of results are there whole or as they were.</summary>
public sealed class ReportFileTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(10)]
    [InlineData(1 << 20)]
    public void What_is_stopped_or_fails_leaves_the_old_file_and_nothing_else(int length)
    {
        string file = folder.File("r.csv"), text = new('x', length);
        File.WriteAllText(file, "old");
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => ReportFile.Write(
            file,
            writer =>
            {
                writer.Write(text);
                stop.Cancel();
                writer.Write(text);
            },
            stop.Token));
        Assert.Throws<InvalidOperationException>(() => ReportFile.Write(file, writer =>
        {
            writer.Write(text);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(file));
        Assert.Equal([file], Directory.GetFileSystemEntries(folder.Path));
        ReportFile.Write(file, writer => writer.WriteLine("new"));
        Assert.Equal("new\n", File.ReadAllText(file));
    }

    [Fact]
    public void An_empty_file_is_replaced_and_a_link_to_nothing_makes_its_target()
    {
        string empty = folder.File("empty"), link = folder.File("link"), target = folder.File("target");
        File.WriteAllText(empty, "");
        File.CreateSymbolicLink(link, "target");
        foreach (string file in (string[])[empty, link]) ReportFile.Write(file, writer => writer.Write("new"));
        Assert.All([empty, target], file => Assert.Equal("new", File.ReadAllText(file)));
        Assert.Equal("target", new FileInfo(link).LinkTarget);
        Assert.Equal(3, Directory.GetFileSystemEntries(folder.Path).Length);
    }

    [Fact]
    public void Beside_what_a_folder_is_read_for_tables_and_pages_are_replaced_and_nothing_else()
    {
        foreach (string name in (string[])["answers.csv", "model.safetensors"]) File.WriteAllText(folder.File(name), "old");
        ReportFile.CheckPlaces([folder.File("answers.csv"), folder.File("new.safetensors")], [folder.Path]);
        Fails.With<InputException>(
            "this command reads it", () => ReportFile.CheckPlaces([folder.File("model.safetensors")], [folder.Path]));
    }
}
