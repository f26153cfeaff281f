using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Cli;

/// <summary><c>devices kernels</c>: what NVIDIA's tools say about the kernels can be asked without a GPU, once they are in files.</summary>
internal static class DevicesKernelsCommand
{
    private const string Why = "It looks for all kernels.";

    /// <summary>The command with its options.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "This program is trimmed only to be compiled ahead of time.")]
    public static Command Create()
    {
        var command = new Command(
            "kernels",
            "Write every GPU kernel as PTX, NVIDIA's assembly language: one file each; "
            + "neither a GPU nor a driver is needed (see scripts/check-ptx.sh).");
        var architecture = new Option<string>("--arch")
        {
            Description = "Compile for this architecture, sm_80 for example.",
            HelpName = "SM",
            DefaultValueFactory = _ => "sm_80",
        };
        Option<string> output = CommonOptions.File(
            "--output", "The folder to write to; files of the same name are replaced.", required: true, "DIR");
        command.Add(architecture);
        command.Add(output);
        command.SetAction(parse => Accelerators.AreSupported
            ? Run(Terminal.Of(parse), parse.GetRequiredValue(architecture), parse.GetRequiredValue(output))
            : throw new InputException(
                "devices kernels needs the program's own code, and this build is compiled ahead of time.",
                "take the build that is not called native."));
        return command;
    }

    [RequiresDynamicCode(Why)]
    [RequiresUnreferencedCode(Why)]
    private static int Run(Terminal terminal, string architecture, string folder)
    {
        using var compiler = new PtxCompiler(architecture);
        IReadOnlyList<MethodInfo> kernels = KernelCatalogue.Kernels(typeof(DevicesKernelsCommand).Assembly);
        Folder(folder);
        long lines = ProgressReport.Run(terminal, progress => kernels.Select((kernel, i) =>
        {
            string code = compiler.Compile(kernel);
            File.WriteAllText(Path.Combine(folder, PtxCompiler.NameOf(kernel) + ".ptx"), code);
            progress.Report(new Step("Compiling", "kernels", i + 1, kernels.Count));
            return (long)code.AsSpan().Count('\n');
        }).Sum());
        if (terminal.Json) terminal.Document(new JsonObject
        {
            ["folder"] = folder,
            ["architecture"] = architecture,
            ["kernels"] = kernels.Select(PtxCompiler.NameOf).AsJson(),
            ["lines"] = lines,
        });
        else
            terminal.Line(
                $"Wrote {Terminal.Counted(kernels.Count, "kernel")} for {architecture} to {folder}, {Terminal.Counted(lines, "line")}.");
        return 0;
    }

    private static void Folder(string path)
    {
        if (File.Exists(path)) throw new InputException($"{path} is a file, expected a folder to write kernels to.");
        Directory.CreateDirectory(path);
    }
}
