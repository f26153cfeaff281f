using System.Text;
using Sharpformer.Tensors;
using Sharpformer.Tensors.PyTorch;

namespace Sharpformer.Tests.Tensors.PyTorch;

/// <summary>Archives that are damaged, or made to hurt whoever unpacks them.</summary>
public sealed class ZipHostileTests : IDisposable
{
    private static readonly byte[] Pickle = new PickleBytes().StateDict([new("w", "FloatStorage", "0", 4, [4])]).Stop();
    private static readonly byte[] Storage = new byte[16];
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string path;

    public ZipHostileTests() => path = folder.File("pytorch_model.bin");

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("archive/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("C:/windows/x")]
    [InlineData("archive\\data\\0")]
    [InlineData("a\0b")]
    [InlineData("")]
    public void A_name_that_leads_out_of_the_folder_is_refused(string name) =>
        AssertRefused("leads out of its folder", Good().Add(name, "x"u8));

    [Fact]
    public void Storages_and_the_pickle_are_held_to_their_checksums_when_a_file_of_this_size_is_opened()
    {
        byte[] bytes = Good().WithCheckSums().ToArray();
        using (PyTorchFile good = Open(bytes)) good.CheckSums();
        using (PyTorchFile without = Open(Good().ToArray())) without.CheckSums();

        byte[] damaged = [.. bytes];
        int name = bytes.AsSpan().IndexOf("archive/data/0"u8);
        damaged[(name + "archive/data/0".Length + 4 + 63) / 64 * 64] ^= 1; // data begin at a multiple of 64 behind name and padding
        Fails.With<InputException>("the bytes of the archive's entry \"archive/data/0\" have CRC-32", () => Open(damaged).Dispose());

        damaged = [.. bytes];
        damaged[bytes.AsSpan().IndexOf("FloatStorage"u8)] ^= 2;
        Fails.With<InputException>("entry \"archive/data.pkl\" have CRC-32", () => Open(damaged).Dispose());

        PyTorchFile Open(byte[] content)
        {
            File.WriteAllBytes(path, content);
            return PyTorchFile.Open(path);
        }
    }

    [Fact]
    public void An_archive_that_torch_does_not_write_is_refused()
    {
        PyTorchFile.Open(Write(Good())).Dispose();
        PyTorchFile.Open(Write(Good().Add("archive/.data/serialization_id", "1"u8).Add("other/data/0", "2"u8))).Dispose();
        AssertRefused(
            "\"archive/z\" is compressed (method 8), expected it stored as it is",
            Good().Add(new ZipBytes.Entry("archive/z", new byte[9]) { Method = 8, ClaimedLength = 1L << 31 }));
        AssertRefused("\"archive/z\" is encrypted", Good().Add(new ZipBytes.Entry("archive/z", new byte[9]) { Flags = 1 }));
        AssertRefused("entry \"archive/data/0\" is there twice", Good().Add("archive/data/0", Storage));
        AssertRefused("has another name at its data", Good().Add(new ZipBytes.Entry("archive/z", new byte[9]) { LocalName = "archive/y" }));
        AssertRefused(
            "takes 4000000000 bytes from byte", Good().Add(new ZipBytes.Entry("archive/z", new byte[9]) { ClaimedLength = 4_000_000_000 }));
        AssertRefused(
            "is not at byte 3, where the directory says", Good().Add(new ZipBytes.Entry("archive/z", new byte[9]) { ClaimedOffset = 3 }));
        AssertRefused(
            "is not at byte 4000000000", Good().Add(new ZipBytes.Entry("archive/z", new byte[9]) { ClaimedOffset = 4_000_000_000 }));
        AssertRefused("with 0 entries FOLDER/data.pkl", new ZipBytes().Add("data.pkl", Pickle));
        AssertRefused("with 2 entries FOLDER/data.pkl", Good().Add("other/data.pkl", Pickle));
        AssertRefused(
            "its byteorder is not little",
            new ZipBytes().Add("archive/data.pkl", Pickle).Add("archive/byteorder", "big"u8).Add("archive/data/0", Storage));
        AssertRefused(
            "its storage \"0\" is not in the file", new ZipBytes().Add("archive/data.pkl", Pickle).Add("archive/data/00", Storage));
    }

    [Fact]
    public void Entries_that_share_bytes_are_refused()
    {
        byte[] inner = new byte[64];
        BitConverter.GetBytes(0x04034b50).CopyTo(inner, 0);
        inner[26] = 14;
        Encoding.ASCII.GetBytes("archive/data/1").CopyTo(inner, 30);
        var zip = new ZipBytes().Add("archive/data/0", inner); // its data begin at byte 64
        zip.Add("archive/data.pkl", Pickle).Add(new ZipBytes.Entry("archive/data/1", Storage) { ClaimedOffset = 64 });
        AssertRefused("\"archive/data/0\" and \"archive/data/1\" share bytes", zip);
    }

    [Fact]
    public void Zip64_numbers_that_lie_are_refused()
    {
        ZipBytes Big() => ZipBytes.Checkpoint(Pickle, [("0", Storage)], zip64: true);
        PyTorchFile.Open(Write(Big())).Dispose();
        foreach (long lie in (long[])[-1, long.MaxValue, long.MinValue, 1L << 40])
        {
            AssertRefused("archive/z", Big().Add(new ZipBytes.Entry("archive/z", new byte[9]) { ClaimedLength = lie }));
            AssertRefused("archive/z", Big().Add(new ZipBytes.Entry("archive/z", new byte[9]) { ClaimedOffset = lie }));
            byte[] file = Big().ToArray();
            // Entries, length and start of the directory, in the record that is 98 bytes before the end.
            foreach (int field in (int[])[32, 40, 48])
            {
                byte[] damaged = [.. file];
                BitConverter.GetBytes(lie).CopyTo(damaged, file.Length - 98 + field);
                AssertRefused("the archive's directory of", damaged);
            }

            BitConverter.GetBytes(lie).CopyTo(file, file.Length - 34);
            AssertRefused("the archive's zip64 directory is not at byte", file);
        }
    }

    [Fact]
    public void Other_files_are_told_apart()
    {
        AssertRefused("is empty, or no file but a pipe or a device, expected a PyTorch checkpoint", []);
        AssertRefused(
            "neither a zip archive nor a pickle", Encoding.ASCII.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:1"));
        AssertRefused("a zip archive without its directory", Good().ToArray()[..^1]);
        byte[] tar = new byte[1024];
        "ustar"u8.CopyTo(tar.AsSpan(257));
        tar[0] = (byte)'s';
        AssertRefused("a tar archive, as PyTorch wrote before version 0.1.10", tar);
        Fails.With<InputException>("cannot be read", () => PyTorchFile.Open(folder.File("none.bin")));
        Fails.With<InputException>("got a folder", () => PyTorchFile.Open(folder.Path));
    }

    private static ZipBytes Good() => ZipBytes.Checkpoint(Pickle, [("0", Storage)]);

    private string Write(ZipBytes zip)
    {
        File.WriteAllBytes(path, zip.ToArray());
        return path;
    }

    private void AssertRefused(string expected, ZipBytes zip) => AssertRefused(expected, zip.ToArray());

    private void AssertRefused(string expected, byte[] file)
    {
        File.WriteAllBytes(path, file);
        string message = Assert.Throws<InputException>(() => PyTorchFile.Open(path)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }
}
