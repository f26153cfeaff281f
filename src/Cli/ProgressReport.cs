using System.Diagnostics;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary>
/// Tells how far long work has come, on standard error: a bar on a screen, otherwise a line every 5 %, and every minute where work says
/// how it goes.
/// </summary>
internal static class ProgressReport
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(1), LongSilence = TimeSpan.FromMinutes(1);

    /// <summary>Does the work and reports it.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="work">The work; it tells its argument of each step.</param>
    public static T Run<T>(Terminal terminal, Func<IProgress<Step>, T> work)
    {
        if (!terminal.HasScreen) return work(new ProgressInOrder<Step>(InLines(terminal)));
        return terminal.ErrorScreen().Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask? task = null;
                return work(new ProgressInOrder<Step>(step =>
                {
                    task ??= context.AddTask(step.What);
                    if (step.Detail is { } detail) task.Description = Markup.Escape($"{step.What}: {detail}");
                    (task.MaxValue, task.Value) = (step.Total, step.Done);
                }));
            });
    }

    private static Action<Step> InLines(Terminal terminal)
    {
        long start = Stopwatch.GetTimestamp(), toldAt = start, told = 0;
        return step =>
        {
            (long done, long total) = (step.Done, step.Total);
            if (done == told) return;
            TimeSpan silence = Stopwatch.GetElapsedTime(toldAt);
            bool isNews = 20 * done / total > 20 * told / total || (step.Detail is not null && silence >= LongSilence);
            if (done < total && (!isNews || silence < BetweenLines)) return;
            (told, toldAt) = (done, Stopwatch.GetTimestamp());
            if (total == 1) return; // a single step is its own result
            double perSecond = done / Math.Max(1e-3, Stopwatch.GetElapsedTime(start).TotalSeconds);
            terminal.Note($"{step.What}: {Terminal.Count(done)} of {Terminal.Count(total)} {step.Units}, "
                + (step.Detail ?? $"{Terminal.Figure(perSecond)} {step.Units}/s"));
        };
    }
}
