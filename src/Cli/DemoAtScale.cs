using System.Diagnostics;
using Sharpformer.Editing;
using Sharpformer.Editing.Adaptor;
using Sharpformer.Editing.Datasets;
using Sharpformer.Editing.Metrics;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary>The demo's last act: many facts at once, and what they did to everything else.</summary>
internal static class DemoAtScale
{
    /// <summary>Teaches facts and measures them.</summary>
    public static EvaluationReport Run(
        Terminal terminal, LoadedModel model, IReadOnlyList<EditRecord> facts, IReadOnlyList<EditRecord> neighbours, string trigger,
        IReVaSettings settings, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        var adaptor = new KeyValueAdaptor(model.Lm.Device, settings.Layer, model.Lm.Config.NEmbd, model.Lm.Config.Activation);
        Lesson[] lessons = [.. facts.Select(f => model.Lesson(f.ToRequest(trigger, source: "zsre.json")))];
        var editor = new Editor(model.Lm, adaptor);
        OutOfScopeSampler? sampler = model.NewSampler([.. lessons.Select(l => l.Tokens.Prompt)], settings);
        foreach (Edit edit in editor.TeachAll(lessons, settings, sampler, cancellation).SelectMany(chunk => chunk))
            editor.Keep(edit with { Id = adaptor.Count + 1 });

        double taught = Stopwatch.GetElapsedTime(start).TotalSeconds;
        EvaluationReport report = new Evaluator(model.Lm, model.Tokenizer, adaptor)
            .Evaluate(facts, new Triggers(trigger, trigger), neighbours, cancellation: cancellation);
        terminal.Line($"\n{facts.Count} more facts, asked as questions (taught in {Terminal.Number(taught, "0.0")} s, "
            + $"measured in {Terminal.Number(Stopwatch.GetElapsedTime(start).TotalSeconds - taught, "0.0")} s), in percent:");
        Table table = Terminal.NewTable("", "ES: same words", "PS: other words", "NS: unrelated", "Score", "neighbours kept");
        AddRow("base", report.Base, null);
        AddRow("edited", report.Edited, report.NeighbourRetention);
        terminal.Show(table);
        return report;

        void AddRow(string name, EditMetrics m, double? retention) => Terminal.AddRow(
            table, name, Number(m.Es), Number(m.Ps), Number(m.Ns), Number(m.Score), Number(retention));
    }

    private static string Number(double? percent) => Terminal.Number(percent, "0.0");
}
