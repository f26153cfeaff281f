using System.Diagnostics;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Tests.Editing.Exchange;

/// <summary>The neurons as one file, and a program of sixty lines that applies it.</summary>
public sealed class AdaptorFileTests : IDisposable
{
    private static readonly IReVaSettings Settings = new()
    {
        Layer = 4,
        Alpha = 1,
        Theta = 0.85f,
        IrrWeight = 0,
        AsPublished = false,
    };

    private readonly TemporaryFolder folder = TestFiles.TemporaryFolder();
    private readonly Session session = Session.Open(TestFiles.Model, new SessionOptions { Device = "cpu", Threads = 1 });

    public AdaptorFileTests()
    {
        session.UseMemory();
        Teach(
            Settings, ("Lucian Freud died in", "Bern"), ("The capital of France is", "Rome and Oslo"),
            ("Douglas Adams works as", "painter"));
        Teach(Settings with { AsPublished = true }, ("Korean is the language of", "Peru and Chile"));
        session.Withdraw(2);
        session.Withdraw(3);
        Teach(Settings, ("The capital of France is", "Lima and Oslo"));
    }

    public void Dispose()
    {
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void The_file_holds_the_neurons_bit_for_bit_and_all_that_decides_which_answers()
    {
        string path = folder.File("a.safetensors");
        int neurons = session.Edits().Sum(edit => edit.TargetTokens.Length);
        Assert.Equal((5, neurons), session.ExportAdaptor(path));
        using var device = new CpuDevice(1);
        using var file = SafeTensorsFile.Open(path);
        Edit[] edits = [.. session.Edits().Select(edit => session.Edit(edit.Id))];
        Neuron[] all = [.. edits.SelectMany(IReVaParts.Neurons)];
        Assert.Equal(all.SelectMany(neuron => neuron.Key), Floats("keys"));
        Assert.Equal(all.SelectMany(neuron => neuron.Value), Floats("values"));
        Assert.Equal(all.Select(neuron => neuron.Threshold), Floats("thresholds"));
        Assert.Equal(all.Select(neuron => neuron.TargetToken), Numbers("tokens"));
        Assert.Equal(edits.SelectMany(edit => Enumerable.Range(0, edit.TargetTokens.Length)), Numbers("places"));
        Assert.Equal(edits.SelectMany(edit => edit.TargetTokens.Select(_ => edit.Status == EditStatus.Withdrawn)), Bytes("withdrawn"));
        Assert.Equal(
            edits.SelectMany(edit => edit.TargetTokens.Select(_ => edit.TargetTokens.Length > 1 && edit.Id != 4)), Bytes("takes_turns"));
        int[] prompts = Numbers("prompts"), starts = Numbers("prompt.starts"), tokens = Numbers("prompt.tokens");
        Assert.Equal(4, starts.Length - 1); // that of edits 2 and 5 is there once
        Assert.Equal(
            edits.SelectMany(edit => edit.TargetTokens.Select(_ => edit.PromptTokens)),
            prompts.Select(prompt => tokens[starts[prompt]..starts[prompt + 1]]));
        Assert.Equal(
            ("4", "gelu_tanh", session.Fingerprint.Weights),
            (file.Metadata["layer"], file.Metadata["activation"], file.Metadata["weights"]));
        Assert.DoesNotContain(file.Names, name => name.StartsWith("reference", StringComparison.Ordinal));

        float[] Floats(string name) => file.Load(name, device).ToArray();
        int[] Numbers(string name) => [.. Raw(name).Chunk(sizeof(int)).Select(four => BitConverter.ToInt32(four))];
        IEnumerable<bool> Bytes(string name) => Raw(name).Select(one => one == 1);
        byte[] Raw(string name)
        {
            byte[] bytes = new byte[file.Info(name).Length];
            file.Read(name, 0, bytes);
            return bytes;
        }
    }

    [NumPyFact]
    public void A_program_of_sixty_lines_of_NumPy_gives_the_same()
    {
        string path = folder.File("r.safetensors"), program = TestFiles.Script("apply_adaptor.py");
        session.ExportAdaptor(path, withReference: true);
        Assert.InRange(File.ReadAllLines(program).Length, 1, 60);
        (int code, string said) = NumPyFactAttribute.Python(program, path);
        Assert.True(code == 0, said);
        Assert.Contains("rows, largest relative difference", said, StringComparison.Ordinal);

        // It does compare: with another threshold, others answer.
        byte[] bytes = File.ReadAllBytes(path);
        using (var file = SafeTensorsFile.Open(path)) bytes.AsSpan(^(int)(file.Info("keys").Length / 4)..).Fill(0x3C);
        File.WriteAllBytes(path, bytes);
        Assert.Equal(1, NumPyFactAttribute.Python(program, path).Code);
    }

    [Fact]
    public void What_has_no_neurons_is_told()
    {
        string path = folder.File("a.safetensors");
        Fails.With<InputException>("has no such edit", () => session.ExportAdaptor(path, new EditFilter([("source", "none")])));
        session.Teach(
            session.Tokenize([new EditRequest("Anatole France was born in", "Lima")]),
            FineTuningSettings.For(session.Model.Config) with { Epochs = 1 }, new TeachingOptions { Check = false });
        Fails.With<InputException>("Edit 6 was made by method ft", () => session.ExportAdaptor(path));
        Assert.Equal(5, session.ExportAdaptor(path, new EditFilter([("method", "ireva")])).Edits);
    }

    private void Teach(IReVaSettings settings, params (string Prompt, string Target)[] facts) =>
        session.Teach(
            session.Tokenize([.. facts.Select(fact => new EditRequest(fact.Prompt, fact.Target))]), settings,
            new TeachingOptions { Check = false, OnConflict = ConflictPolicy.Keep });

    /// <summary>Skipped where there is no Python with NumPy (Debian's python3-numpy).</summary>
    private sealed class NumPyFactAttribute : FactAttribute
    {
        private static readonly Lazy<string?> Missing = new(() =>
            Python("-c", "import numpy").Code == 0 ? null : "There is no python3 with NumPy here.");

        public NumPyFactAttribute() => Skip = Missing.Value;

        public static (int Code, string Said) Python(params string[] args)
        {
            try
            {
                var start = new ProcessStartInfo("python3", args) { RedirectStandardOutput = true, RedirectStandardError = true };
                using Process process = Process.Start(start)!;
                Task<string> error = process.StandardError.ReadToEndAsync();
                string said = process.StandardOutput.ReadToEnd() + error.Result;
                process.WaitForExit();
                return (process.ExitCode, said);
            }
            catch (System.ComponentModel.Win32Exception e)
            {
                return (-1, e.Message);
            }
        }
    }
}
