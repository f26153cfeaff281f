using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Tests.Tensors;

/// <summary>What a file system says, in this program's words.</summary>
public sealed class FileErrorsTests
{
    [Fact]
    public void The_reason_is_a_sentence_of_our_own_that_names_no_other_file()
    {
        int full = OperatingSystem.IsWindows() ? 112 : 28, readOnly = OperatingSystem.IsWindows() ? 19 : 30;
        Assert.Equal("the disk is full", FileErrors.Reason(new IOException("No space left on device : '/tmp/x.tmp'", full)));
        Assert.EndsWith(
            "is read-only", FileErrors.Reason(new IOException("Read-only file system : '/tmp/x.new'", readOnly)), StringComparison.Ordinal);
        Assert.Equal("permission is denied", FileErrors.Reason(new UnauthorizedAccessException("Access to '/x' is denied.")));
        Assert.Equal("the system's error 999", FileErrors.Reason(new IOException("Quux", 999)));
        string missing = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        Assert.Equal("there is no such file or folder", FileErrors.Reason(Assert.ThrowsAny<IOException>(() => File.OpenRead(missing))));
    }

    [Fact]
    public void What_DotNet_finds_out_by_itself_has_a_reason_too()
    {
        using TemporaryFolder folder = TestFiles.TemporaryFolder();
        long most = new DriveInfo(folder.Path).AvailableFreeSpace / 4;
        var large = new SafeTensorsEntry("a", "F32", [1 << 16, most / (1 << 16) + 1024], (_, _) => Assert.Fail("written"));
        Fails.With<InputException>(
            "cannot be written: the disk is full.", () => SafeTensorsWriter.Write(folder.File("a.safetensors"), [large]));
        Assert.Empty(Directory.GetFiles(folder.Path));
        if (OperatingSystem.IsWindows()) return; // links take a right of their own there
        File.CreateSymbolicLink(folder.File("b"), folder.File("c"));
        File.CreateSymbolicLink(folder.File("c"), folder.File("b"));
        Fails.With<InputException>("cannot be read: links lead round in a circle.", () => SafeTensorsFile.Open(folder.File("b")));
    }
}
