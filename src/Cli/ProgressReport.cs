using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary>Tells how far long work has come, on standard error: a bar on a screen, otherwise a line every 5 %.</summary>
internal static class ProgressReport
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(1);

    /// <summary>Does the work and reports it.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="what">What is being done, for example "Teaching".</param>
    /// <param name="units">What is counted, in the plural.</param>
    /// <param name="work">The work; calls its argument with how many of how many are done.</param>
    public static void Run(Terminal terminal, string what, string units, Action<Action<int, int>> work)
    {
        if (terminal.HasScreen) OnScreen(terminal, what, work);
        else InLines(terminal, what, units, work);
    }

    private static void OnScreen(Terminal terminal, string what, Action<Action<int, int>> work) =>
        terminal.ErrorScreen().Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask(what);
                work((done, total) => (task.MaxValue, task.Value) = (total, done));
            });

    private static void InLines(Terminal terminal, string what, string units, Action<Action<int, int>> work)
    {
        long start = Stopwatch.GetTimestamp(), toldAt = start;
        int told = 0;
        work((done, total) =>
        {
            if (done == told || (done < total && (20L * done / total == 20L * told / total || Stopwatch.GetElapsedTime(toldAt) < BetweenLines))) return;
            (told, toldAt) = (done, Stopwatch.GetTimestamp());
            if (total == 1) return; // a single step is its own result
            double speed = done / Math.Max(1e-3, Stopwatch.GetElapsedTime(start).TotalSeconds);
            terminal.Note($"{what}: {done} of {total} {units}, {speed.ToString("0.0", CultureInfo.InvariantCulture)} {units}/s");
        });
    }
}
