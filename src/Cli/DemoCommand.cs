using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;

namespace Sharpformer.Cli;

/// <summary><c>demo</c>: the whole story on the bundled model.</summary>
internal static class DemoCommand
{
    /// <summary>Facts of the last act's larger set.</summary>
    private const int FactsAtOnce = 100;

    private const string Answer = " Answer:";

    /// <summary>The settings suggested for the bundled model: see models/facts-gpt2/README.md.</summary>
    private static readonly IReVaSettings Settings = new() { Layer = 4, Theta = 0.85f, Alpha = 1, RecWeight = 0.1f };

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "demo", "Teach the bundled model eight facts, see which neurons hold them, take one back: the whole story.");
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parse => Run(Terminal.Of(parse), () => device.Open(parse, ModelOptions.BundledFolder, needsTokenizer: true)));
        return command;
    }

    private static int Run(Terminal terminal, Func<Session> open)
    {
        long start = Stopwatch.GetTimestamp();
        string data = Path.Combine(AppContext.BaseDirectory, "data");
        IReadOnlyList<EditRecord> facts = EditRecord.Load(Path.Combine(data, "demo.json"));
        IReadOnlyList<EditRecord> many = EditRecord.Load(Path.Combine(data, "zsre.json"), 2 * FactsAtOnce);
        DirectoryInfo scratch = Scratch();
        using var interruption = new Interruption();
        try
        {
            using Session session = open();
            session.OpenStore(Path.Combine(scratch.FullName, "facts.db"), StoreAccess.Create);
            JsonObject told = new DemoStory(terminal, session, Settings, interruption.Token).Tell(facts);
            session.OpenStore(Path.Combine(scratch.FullName, "many.db"), StoreAccess.Create);
            EvaluationReport report = DemoAtScale.Run(
                terminal, session, [.. many.Take(FactsAtOnce)], [.. many.Skip(FactsAtOnce)], Answer, Settings, interruption.Token);
            using var process = Process.GetCurrentProcess();
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (terminal.Json)
            {
                terminal.Document(new JsonObject
                {
                    ["story"] = told,
                    ["atScale"] = JsonText.Record(report),
                    ["seconds"] = Math.Round(seconds, 3),
                    ["peakMemoryBytes"] = process.PeakWorkingSet64,
                    ["device"] = session.Model.Device.Name,
                    ["threads"] = session.Threads,
                });
                return 0;
            }

            terminal.Line($"\nAll of it took {Terminal.Duration(seconds)} and at most {Terminal.Bytes(process.PeakWorkingSet64)} "
                + $"of memory, on {DeviceOptions.ComputesOn(session)}. Now your own:");
            terminal.Line($"  {ProgramName.Text} edits add --model {Model()} --edits my.db \\");
            terminal.Line("      --prompt \"Douglas Adams works as\" --target author");
            return 0;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            throw new InputException("Interrupted: the demo leaves nothing behind.") { Kind = ErrorKind.Interrupted };
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    /// <summary>The bundled model as it can be named from here.</summary>
    private static string Model()
    {
        string here = Path.Combine("models", "facts-gpt2");
        return Directory.Exists(here) ? here.Replace('\\', '/') : Terminal.Visible(ModelOptions.BundledFolder);
    }

    private static DirectoryInfo Scratch()
    {
        try
        {
            return Directory.CreateTempSubdirectory("sharpformer-demo-");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"No folder for the demo's edit store can be made in '{Path.GetTempPath()}': {FileErrors.Reason(e)}.",
                "TMPDIR may name another place.", e);
        }
    }
}
