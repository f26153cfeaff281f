using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Cli;

/// <summary><c>devices</c>: on what this machine can compute, and what <c>--device auto</c> takes.</summary>
internal static class DevicesCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new Command("devices", "List the devices of this machine, and say which one --device auto takes and why.")
        {
            DevicesKernelsCommand.Create(),
        };
        command.SetAction(parse => Run(Terminal.Of(parse), DriverChild.List()));
        return command;
    }

    /// <summary>Tells what was found.</summary>
    internal static int Run(Terminal terminal, IReadOnlyList<AcceleratorInfo> found)
    {
        DeviceChoice auto = Accelerators.Choose(Accelerators.Auto, found);
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["cpu"] = new JsonObject { ["processors"] = Environment.ProcessorCount, ["memoryBytes"] = memory },
                ["accelerators"] = found.Select(JsonText.Record).AsJson(),
                ["auto"] = new JsonObject { ["device"] = auto.Name, ["accelerator"] = auto.Accelerator?.Name, ["why"] = auto.Why },
            });
            return 0;
        }

        Table table = Terminal.NewTable("--device", "name", "driver", "memory", "units", "usable").Sparing(2, 4);
        string processors = Terminal.Counted(Environment.ProcessorCount, "processor");
        Terminal.AddRow(table, Accelerators.Cpu, "the processor", ".NET", Memory(memory), processors, "yes");
        foreach (AcceleratorInfo a in found)
        {
            string units = Terminal.Number(a.ComputeUnits > 0 ? a.ComputeUnits : null);
            Terminal.AddRow(table, a.Kind, a.Name, a.Driver, Memory(a.MemoryBytes), units, Usable(a));
        }

        terminal.Show(table);
        terminal.Line($"auto takes {auto.Name}: {Terminal.Visible(auto.Why)}.");
        return 0;
    }

    private static string Usable(AcceleratorInfo a) =>
        a.Unusable is { } why ? $"no: {why}" : a.IsGpu ? "yes" : "yes, on the processor, and slower than cpu";

    private static string Memory(long bytes) => bytes > 0 ? Terminal.Bytes(bytes) : Terminal.Number(null);
}
