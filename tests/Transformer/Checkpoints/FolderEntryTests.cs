using System.Diagnostics;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Tests.Transformer.Checkpoints;

/// <summary>Entries of a model folder that are no files: they are told, and neither waited for nor read without end.</summary>
public sealed class FolderEntryTests : IDisposable
{
    private readonly CpuDevice device = new(threads: 1); // tests run side by side
    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly string model;

    public FolderEntryTests()
    {
        model = folder.File("snapshots/1");
        TestFiles.CopyModel(model);
    }

    public void Dispose()
    {
        device.Dispose();
        folder.Dispose();
    }

    [UnixTheory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("special_tokens_map.json")]
    [InlineData("added_tokens.json")]
    [InlineData("generation_config.json")]
    public async Task A_pipe_a_device_or_a_folder_is_told_by_its_name(string name)
    {
        string path = Path.Combine(model, name);
        foreach (Action put in (Action[])[() => MakePipe(path), () => File.CreateSymbolicLink(path, "/dev/zero"), () => Make(path)])
        {
            if (Directory.Exists(path)) Directory.Delete(path);
            File.Delete(path);
            put();
            Task load = Task.Run(() =>
            {
                CausalLm loaded = CausalLm.Load(model, device);
                Tokenizer.Load(model, loaded.Config);
            });
            Assert.Same(load, await Task.WhenAny(load, Task.Delay(TimeSpan.FromSeconds(20)))); // a pipe would be waited for for ever
            InputException error = await Assert.ThrowsAsync<InputException>(() => load);
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
        }

        static void Make(string path) => Directory.CreateDirectory(path);
    }

    [UnixFact]
    public void Converting_copies_no_pipe_and_no_content_of_a_link_that_leads_out()
    {
        string secret = folder.File("secret"), path = Path.Combine(model, "generation_config.json");
        File.WriteAllText(secret, "{\"nobody's\": \"business\"}");
        Directory.CreateSymbolicLink(Path.Combine(model, "inside"), folder.Path);
        File.Delete(path);
        foreach (string target in (string[])[secret, "../../secret", "inside/secret", Path.Combine(model, "inside", "secret")])
        {
            File.CreateSymbolicLink(path, target);
            Fails.With<InputException>("outside of its folder, and is not copied", Convert);
            Assert.False(Directory.Exists(folder.File("o")));
            File.Delete(path);
        }

        MakePipe(path);
        Fails.With<InputException>("is empty, or no file but a pipe or a device", Convert);
        File.Delete(path);
        Directory.CreateDirectory(path);
        Fails.With<InputException>("cannot be read (a folder, expected a file)", Convert);
    }

    [UnixFact]
    public void Links_within_the_folder_and_into_the_cache_of_a_hub_are_followed()
    {
        string path = Path.Combine(model, "generation_config.json");
        File.Delete(path);
        File.WriteAllText(Path.Combine(model, "real.json"), "{}");
        File.CreateSymbolicLink(path, "real.json");
        string vocabulary = Path.Combine(model, "vocab.json"), blob = folder.File("blobs/0123");
        Directory.CreateDirectory(folder.File("blobs"));
        byte[] bytes = File.ReadAllBytes(vocabulary);
        File.Move(vocabulary, blob);
        File.CreateSymbolicLink(vocabulary, "../../blobs/0123");
        Convert();
        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(folder.File("o"), "vocab.json")));
        Assert.Equal("{}", File.ReadAllText(Path.Combine(folder.File("o"), "generation_config.json")));
        Assert.Null(new FileInfo(Path.Combine(folder.File("o"), "vocab.json")).LinkTarget);
    }

    private void Convert() => CheckpointConverter.Convert(model, folder.File("o"));

    private static void MakePipe(string path)
    {
        using Process make = Process.Start("mkfifo", [path]);
        make.WaitForExit();
        Assert.Equal(0, make.ExitCode);
    }

    private static string? Missing => OperatingSystem.IsWindows() ? "Pipes and devices stand in no folder there." : null;

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class UnixTheoryAttribute : TheoryAttribute
    {
        public UnixTheoryAttribute() => Skip = Missing;
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class UnixFactAttribute : FactAttribute
    {
        public UnixFactAttribute() => Skip = Missing;
    }
}
