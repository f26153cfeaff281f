using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sharpformer.Tensors.Gpu;

/// <summary>
/// Finds accelerators as <see cref="Accelerators.List"/> does, but asks each driver in a child process: a driver is native code, and
/// one that crashes or hangs then ends the child alone. Only a program knows how to start itself, so it says so and, started that way,
/// calls <see cref="Answer"/> and ends with 0; the rest of its start it had better leave out.
/// </summary>
public static partial class DriverProbe
{
    /// <summary>What the answer begins with, as drivers write to standard output too.</summary>
    private const string Mark = "accelerators: ";

    /// <summary>What a driver may take; those of a machine with many cards take seconds to wake up.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>
    /// What is there, usable or not. A driver that gives no answer is an entry too, with the reason. Where there is no driver's library
    /// no process is started.
    /// </summary>
    /// <param name="child">How to start a process that calls <see cref="Answer"/> with this kind of driver.</param>
    public static IReadOnlyList<AcceleratorInfo> List(Func<string, ProcessStartInfo> child) =>
        Accelerators.AreSupported ? List(DriverLibraries.Kinds, child, Limit) : Accelerators.List(); // which then asks no driver

    /// <summary>Asks one driver in this process and writes what it says for the parent.</summary>
    /// <param name="kind"><see cref="Accelerators.Cuda"/> or <see cref="Accelerators.OpenCL"/>.</param>
    /// <param name="output">Standard output.</param>
    public static void Answer(string kind, TextWriter output) =>
        Write(DriverLibraries.Kinds.Contains(kind) ? Accelerators.ListKind(kind) : [], output);

    /// <summary>The same for these kinds, which are asked at the same time.</summary>
    internal static IReadOnlyList<AcceleratorInfo> List(IReadOnlyList<string> kinds, Func<string, ProcessStartInfo> child, TimeSpan limit)
    {
        var answers = kinds.Select(kind => Task.Run(() => Ask(kind, child(kind), limit))).ToArray();
        return [.. answers.SelectMany(answer => answer.GetAwaiter().GetResult())];
    }

    /// <summary>An answer, on a line of its own.</summary>
    internal static void Write(IEnumerable<AcceleratorInfo> found, TextWriter output) =>
        output.WriteLine($"\n{Mark}{JsonSerializer.Serialize([.. found], Json.Default.AcceleratorInfoArray)}");

    private static async Task<IReadOnlyList<AcceleratorInfo>> Ask(string kind, ProcessStartInfo start, TimeSpan limit)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        using var late = new CancellationTokenSource(limit);
        Process? process = null;
        try
        {
            process = Process.Start(start)!;
            process.StandardInput.Close(); // what is to be read there is the parent's
            _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null, late.Token);
            string? line;
            do line = await process.StandardOutput.ReadLineAsync(late.Token).ConfigureAwait(false);
            while (line?.StartsWith(Mark, StringComparison.Ordinal) == false);
            await process.WaitForExitAsync(late.Token).ConfigureAwait(false); // crashing at the end is crashing too
            return line is not null && process.ExitCode == 0
                ? JsonSerializer.Deserialize(line.AsSpan(Mark.Length), Json.Default.AcceleratorInfoArray)!
                : Silent(kind, $"crashes when it is asked for devices, exit code {process.ExitCode}");
        }
        catch (OperationCanceledException)
        {
            return Silent(kind, $"does not answer within {limit.TotalSeconds:0.#} s");
        }
        catch (Exception e) when (e is Win32Exception or IOException or JsonException)
        {
            return Silent(kind, $"cannot be asked: {e.Message.TrimEnd('.')}");
        }
        finally
        {
            if (process is not null) End(process);
        }
    }

    private static void End(Process process)
    {
        try
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or NotSupportedException or AggregateException)
        {
            // It has ended meanwhile, or hangs so deep in its driver that nothing ends it.
        }

        process.Dispose();
    }

    private static AcceleratorInfo[] Silent(string kind, string why) =>
        [new AcceleratorInfo(kind, "driver", "", IsGpu: false, MemoryBytes: 0, ComputeUnits: 0, why)];

    /// <summary>Written at compile time: looking the types up takes longer than all else that a child does.</summary>
    [JsonSerializable(typeof(AcceleratorInfo[]))]
    private sealed partial class Json : JsonSerializerContext;
}
