using System.Diagnostics;
using System.Text;
using Sharpformer.Cli;
using Sharpformer.Tensors.Gpu;

namespace Sharpformer.Tests.Cli;

/// <summary>The program as a process of its own, for what only the operating system can do to it.</summary>
internal sealed class CliProcess : IDisposable
{
    private readonly Process process;
    private readonly StringBuilder output = new(), error = new();
    private readonly Task[] reading;

    private CliProcess(Process process)
    {
        this.process = process;
        reading = [Read(process.StandardOutput, output), Read(process.StandardError, error)];
    }

    /// <summary>
    /// Starts it; <paramref name="epoch"/> becomes SOURCE_DATE_EPOCH. Where <paramref name="drivers"/> is given, drivers are looked for
    /// in that folder too, and by commands that name no device. <paramref name="limits"/> is what a shell does before, for example
    /// <c>ulimit -n 64</c>; <paramref name="input"/> is on its standard input, and <paramref name="locale"/> is LC_ALL.
    /// </summary>
    public static CliProcess Start(
        string[] args, string? epoch = null, string? drivers = null, string? limits = null, string? input = null, string? locale = null)
    {
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(limits is null ? host : "/bin/sh")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = input is not null,
            StandardOutputEncoding = new UTF8Encoding(false, throwOnInvalidBytes: true),
            StandardErrorEncoding = new UTF8Encoding(false, throwOnInvalidBytes: true),
            UseShellExecute = false,
        };
        if (input is not null) start.StandardInputEncoding = new UTF8Encoding(false);
        if (locale is not null) start.Environment["LC_ALL"] = locale;
        if (limits is not null)
        {
            foreach (string arg in (string[])["-c", $"{limits}; exec \"$@\"", "sh", host]) start.ArgumentList.Add(arg);
        }

        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "sharpformer.dll"));
        foreach (string arg in args) start.ArgumentList.Add(arg);
        start.Environment.Remove("SOURCE_DATE_EPOCH");
        if (epoch is not null) start.Environment["SOURCE_DATE_EPOCH"] = epoch;
        if (drivers is not null)
        {
            start.Environment["LD_LIBRARY_PATH"] = drivers;
            start.Environment[DeviceOptions.DefaultVariable] = Accelerators.Auto;
        }

        var process = Process.Start(start)!;
        if (input is not null)
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }

        return new CliProcess(process);
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => process.HasExited;

    /// <summary>Waits for its end.</summary>
    public CliRun Finish()
    {
        process.WaitForExit();
        Task.WaitAll(reading);
        return new CliRun(process.ExitCode, output.ToString(), error.ToString());
    }

    /// <summary>Waits until it has written to standard output or has ended.</summary>
    public void AwaitOutput() => Await(output, "");

    /// <summary>Waits until it has said this on standard error or has ended.</summary>
    public void AwaitError(string words) => Await(error, words);

    /// <summary>SIGKILL: it gets no chance to do anything.</summary>
    public void Kill() => process.Kill();

    /// <summary>Sends a signal: INT is what Ctrl-C sends, TERM what a service manager does.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>
    /// Whether it would be deaf to INT, as this process is among a shell's background jobs: that is inherited. Only Linux tells.
    /// </summary>
    public static bool IgnoresInterrupts()
    {
        const string Status = "/proc/self/status";
        if (!File.Exists(Status)) return false;
        string mask = File.ReadLines(Status).First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))[7..].Trim();
        return (Convert.ToUInt64(mask, 16) & 2) != 0; // signal 2
    }

    /// <summary>Waits until a file has bytes in it or the process has ended.</summary>
    public void AwaitBytes(string path)
    {
        while (!HasEnded && !(File.Exists(path) && new FileInfo(path).Length > 0)) Thread.Sleep(1);
    }

    public void Dispose()
    {
        if (!HasEnded) Kill();
        process.Dispose();
    }

    private void Await(StringBuilder text, string words)
    {
        while (!HasEnded)
        {
            lock (text)
                if (text.Length > 0 && text.ToString().Contains(words, StringComparison.Ordinal)) return;
            Thread.Sleep(1);
        }
    }

    private static Task Read(StreamReader from, StringBuilder into) => Task.Run(() =>
    {
        char[] buffer = new char[4096];
        for (int count; (count = from.Read(buffer)) > 0;)
            lock (into) into.Append(buffer, 0, count);
    });
}
