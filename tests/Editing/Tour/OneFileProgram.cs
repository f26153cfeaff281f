using System.Diagnostics;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Sharpformer.Tests.Editing.Tour;

/// <summary>
/// A program of one file, compiled in this process beside the libraries that the tests use, and run in one of its own: what
/// <c>dotnet run FILE</c> does, without its restore and build of several seconds.
/// </summary>
internal static class OneFileProgram
{
    private const string UnnecessaryUsing = "CS8019", ImplicitUsings =
        """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    /// <summary>References once for all programs: reading them takes longer than to compile one.</summary>
    private static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    /// <summary>Compiles a program, runs it in its folder, and returns what it prints.</summary>
    public static string Run(string path)
    {
        string name = "tour-" + Path.GetFileNameWithoutExtension(path), assembly = Path.Combine(AppContext.BaseDirectory, name + ".dll");
        Compile(path, name, assembly);
        string tests = Path.Combine(AppContext.BaseDirectory, typeof(OneFileProgram).Assembly.GetName().Name!);
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList = { "exec", "--runtimeconfig", tests + ".runtimeconfig.json", "--depsfile", tests + ".deps.json", assembly },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            WorkingDirectory = Path.GetDirectoryName(path),
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{name} ends with {process.ExitCode}:\n{output}\n{error.Result}");
        return output;
    }

    private static void Compile(string path, string name, string assembly)
    {
        // Lines for the SDK (#:project …) are none of the compiler's.
        string code = string.Join('\n', File.ReadLines(path).Select(line => line.StartsWith("#:", StringComparison.Ordinal) ? "" : line));
        var language = new CSharpParseOptions(LanguageVersion.Preview);
        var compilation = CSharpCompilation.Create(
            name,
            [CSharpSyntaxTree.ParseText(code, language, path), CSharpSyntaxTree.ParseText(ImplicitUsings, language)],
            References,
            new CSharpCompilationOptions(
                OutputKind.ConsoleApplication, optimizationLevel: OptimizationLevel.Release,
                nullableContextOptions: NullableContextOptions.Enable));
        Diagnostic[] wrong =
        [
            .. compilation.Emit(assembly).Diagnostics.Where(found => found.Severity >= DiagnosticSeverity.Warning
                || (found.Id == UnnecessaryUsing && found.Location.SourceTree?.FilePath == path)),
        ];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong.Select(found => found.ToString())));
    }
}
