using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Tests.Transformer.Checkpoints;

public sealed class NewFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_a_killed_process_left_is_removed_by_the_next_and_nothing_else()
    {
        string target = folder.File("model"), dead = Leave("model"), alive = Leave("model"), other = Leave("model.old");
        Directory.CreateDirectory(target + ".notes.tmp");
        File.WriteAllText(target + ".notes.tmp.lock", "mine");
        using (new FileStream(alive + ".lock", FileMode.Open, FileAccess.Write, FileShare.None))
        {
            NewFolder.Write(target, temporary =>
            {
                Assert.False(Directory.Exists(dead));
                File.WriteAllText(Path.Combine(temporary, "x"), "done");
            });
        }

        Assert.Equal("done", File.ReadAllText(Path.Combine(target, "x")));
        string[] left = [target, alive, alive + ".lock", other, other + ".lock", target + ".notes.tmp", target + ".notes.tmp.lock"];
        Assert.Equal(left.Order(), Directory.GetFileSystemEntries(folder.Path).Order());
    }

    [Fact]
    public void What_fails_leaves_nothing_and_is_told_in_words_of_this_program()
    {
        string target = folder.File("model");
        InputException told = Assert.Throws<InputException>(
            () => NewFolder.Write(target, temporary => File.WriteAllText(Path.Combine(temporary, "no", "x"), "")));
        Assert.Equal(
            $"{target}: cannot be written: there is no such file or folder. Hint: is there room on the disk, and may you write in that "
                + "folder?",
            told.Message);
        Assert.Throws<OperationCanceledException>(() => NewFolder.Write(target, _ => throw new OperationCanceledException()));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    /// <summary>The folder and the lock of a process that was killed while it wrote.</summary>
    private string Leave(string name)
    {
        string left = folder.File($"{name}.{Guid.NewGuid():N}.tmp");
        Directory.CreateDirectory(left);
        File.WriteAllText(Path.Combine(left, "part"), "half");
        File.WriteAllText(left + ".lock", "");
        return left;
    }
}
