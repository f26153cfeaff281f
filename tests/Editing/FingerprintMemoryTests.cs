using System.Security.Cryptography;
using Sharpformer.Editing;

namespace Sharpformer.Tests.Editing;

public sealed class FingerprintMemoryTests : IDisposable
{
    private const int Bytes = 3_000_000;
    private static readonly DateTime LongAgo = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly string _root = Directory.CreateTempSubdirectory("fingerprint-memory-").FullName;
    private readonly string _cache;
    private readonly string _file;
    private int _sums;

    public FingerprintMemoryTests()
    {
        (_cache, _file) = (Path.Combine(_root, "cache", "fingerprints"), Path.Combine(_root, "model.safetensors"));
        var bytes = new byte[Bytes];
        new Random(3).NextBytes(bytes);
        File.WriteAllBytes(_file, bytes);
        File.SetLastWriteTimeUtc(_file, LongAgo);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void What_was_summed_is_not_summed_again()
    {
        string sum = SumOf(_file);
        Assert.Equal(sum, Ask(Memory()));
        Assert.Equal(sum, Ask(Memory())); // as another process would
        Assert.Equal(1, _sums);
        Assert.Equal(sum, Memory().Find("files", [_file]));
        Assert.Null(Memory().Find("q8", [_file]));
        Assert.Null(Memory().Find("files", [_file, _file]));
    }

    [Fact]
    public void Small_checkpoints_are_not_remembered()
    {
        Ask(Memory(least: Bytes + 1));
        Assert.False(Directory.Exists(_cache));
        Ask(Memory(least: Bytes));
        Assert.Single(Directory.GetFiles(_cache));
    }

    [Fact]
    public void Nothing_is_remembered_without_a_folder()
    {
        Ask(new FingerprintMemory(null, least: 1));
        Ask(new FingerprintMemory(null, least: 1));
        Assert.Equal(2, _sums);
    }

    [Fact]
    public void A_change_that_keeps_the_size_is_seen_by_its_time()
    {
        Ask(Memory());
        Change(_file, Bytes / 3);
        Assert.NotEqual(LongAgo, File.GetLastWriteTimeUtc(_file));
        Assert.Equal(SumOf(_file), Ask(Memory()));
        Assert.Equal(2, _sums);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Bytes - 1)]
    [InlineData(Bytes / 2)] // within a change as large as a matrix of a real model: 1/64 of the file
    public void The_sample_sees_a_change_whose_time_was_set_back(int at)
    {
        Ask(Memory(WithoutChanged));
        Change(_file, at, Math.Min(Bytes / 64, Bytes - at));
        File.SetLastWriteTimeUtc(_file, LongAgo);
        Assert.Equal(SumOf(_file), Ask(Memory(WithoutChanged)));
        Assert.Equal(2, _sums);
    }

    [Fact]
    public void A_byte_between_the_samples_whose_time_was_set_back_is_seen_only_by_the_time_of_change()
    {
        const int Large = 64 << 20; // more than all blocks of a sample together
        using (FileStream stream = File.OpenWrite(_file)) stream.SetLength(Large);
        File.SetLastWriteTimeUtc(_file, LongAgo);
        string before = Ask(Memory(WithoutChanged));
        ChangeBetween();
        Assert.Equal(before, Memory(WithoutChanged).Find("files", [_file])); // what docs/models.md warns of
        Ask(Memory());
        ChangeBetween();
        Assert.Equal(OperatingSystem.IsLinux(), Memory().Find("files", [_file]) is null);

        void ChangeBetween()
        {
            Change(_file, (Large / 512) + 60_000);
            File.SetLastWriteTimeUtc(_file, LongAgo);
        }
    }

    [Fact]
    public void Another_file_in_its_place_is_seen_by_its_number()
    {
        ulong number = 1;
        FileStamp Stamp(string path) => FileStamp.Of(path) with { Inode = number, Changed = 0 };
        Ask(Memory(Stamp));
        Ask(Memory(Stamp));
        number = 2;
        Ask(Memory(Stamp));
        Assert.Equal(2, _sums);
    }

    [Fact]
    public void A_model_that_moved_is_read_again()
    {
        Ask(Memory());
        string moved = _file + ".moved";
        File.Move(_file, moved);
        Assert.Null(Memory().Find("files", [moved]));
        Assert.Null(Memory().Find("files", [_file]));
    }

    [Fact]
    public void A_link_is_the_file_it_leads_to()
    {
        string link = Path.Combine(_root, "link.safetensors");
        File.CreateSymbolicLink(link, _file);
        string sum = Ask(Memory());
        Assert.Equal(sum, Memory().Find("files", [link]));
        Change(_file, Bytes / 3);
        Assert.Null(Memory().Find("files", [link]));
    }

    [Fact]
    public void What_was_written_just_before_is_not_trusted_yet()
    {
        File.SetLastWriteTimeUtc(_file, DateTime.UtcNow.AddSeconds(-1));
        Ask(Memory());
        File.SetLastWriteTimeUtc(_file, DateTime.UtcNow.AddHours(1));
        Ask(Memory());
        Assert.False(Directory.Exists(_cache));
    }

    [Fact]
    public void What_is_written_while_it_is_summed_is_not_remembered()
    {
        Memory().Remembered("files", [_file], () =>
        {
            Change(_file, 5);
            return "a";
        });
        Assert.False(Directory.Exists(_cache));
    }

    [Theory]
    [InlineData("")]
    [InlineData("something else")]
    [InlineData("cut")]
    [InlineData("digit")]
    [InlineData("long")]
    public void A_damaged_memory_is_made_anew(string damage)
    {
        string sum = Ask(Memory()), entry = Assert.Single(Directory.GetFiles(_cache)), text = File.ReadAllText(entry);
        File.WriteAllText(entry, damage switch
        {
            "cut" => text[..^30],
            "digit" => text.Replace(sum, $"{(sum[0] == '0' ? '1' : '0')}{sum[1..]}", StringComparison.Ordinal),
            "long" => text + new string('x', 2 << 20),
            _ => damage,
        });
        Assert.Equal(sum, Ask(Memory()));
        Assert.Equal(2, _sums);
        Assert.Equal(text, File.ReadAllText(entry));
    }

    [Theory]
    [InlineData("/dev/zero")] // without end
    [InlineData("model.safetensors")]
    public void A_link_in_the_memorys_place_is_not_followed(string target)
    {
        string sum = Ask(Memory()), entry = Assert.Single(Directory.GetFiles(_cache));
        File.Delete(entry);
        File.CreateSymbolicLink(entry, Path.Combine(_root, target));
        Assert.Null(Memory().Find("files", [_file]));
        Assert.Equal(sum, Ask(Memory()));
        Assert.Null(new FileInfo(entry).LinkTarget); // made anew
        Assert.Equal(sum, SumOf(_file));
    }

    [Fact]
    public void Where_nothing_can_be_written_all_is_read_each_time()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_cache)!);
        File.WriteAllText(_cache, "a file where the folder would be");
        string sum = SumOf(_file);
        Assert.Equal(sum, Ask(Memory()));
        Assert.Equal(sum, Ask(Memory()));
        Assert.Equal(2, _sums);
    }

    [Fact]
    public void No_more_than_64_models_are_remembered()
    {
        Directory.CreateDirectory(_cache);
        for (int i = 0; i < 80; i++)
        {
            string old = Path.Combine(_cache, $"{i}.fingerprint{(i == 3 ? ".unfinished" : "")}");
            File.WriteAllText(old, "old");
            File.SetLastWriteTimeUtc(old, LongAgo.AddMinutes(i));
        }

        string bystander = Path.Combine(_cache, "notes.txt");
        File.WriteAllText(bystander, "another's");
        Ask(Memory());
        Assert.Equal(64, Directory.GetFiles(_cache, "*.fingerprint*").Length);
        Assert.False(File.Exists(Path.Combine(_cache, "16.fingerprint")));
        Assert.True(File.Exists(Path.Combine(_cache, "17.fingerprint")));
        Assert.True(File.Exists(bystander));
    }

    [Fact]
    public void Several_at_once_do_not_disturb_one_another()
    {
        string sum = SumOf(_file);
        Parallel.For(0, 50, _ => Assert.Equal(sum, Memory().Find("files", [_file]) ?? Memory().Remembered("files", [_file], () => sum)));
        Assert.Equal(sum, Memory().Find("files", [_file]));
        Assert.Single(Directory.GetFiles(_cache));
    }

    [Fact]
    public void A_file_that_is_gone_is_not_known()
    {
        Ask(Memory());
        File.Delete(_file);
        Assert.Null(Memory().Find("files", [_file]));
    }

    private static FileStamp WithoutChanged(string path) => FileStamp.Of(path) with { Inode = 0, Changed = 0 };

    private static void Change(string file, int at, int bytes = 1)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = at;
        var was = new byte[bytes];
        stream.ReadExactly(was);
        stream.Position = at;
        stream.Write([.. was.Select(value => (byte)~value)]);
    }

    private static string SumOf(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));

    private FingerprintMemory Memory(Func<string, FileStamp>? stampOf = null, long least = 1) => new(_cache, least, stampOf);

    private string Ask(FingerprintMemory memory) => memory.Find("files", [_file]) ?? memory.Remembered("files", [_file], () =>
    {
        _sums++;
        return SumOf(_file);
    });
}
