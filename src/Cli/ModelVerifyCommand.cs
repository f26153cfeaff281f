using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing;

namespace Sharpformer.Cli;

/// <summary><c>model verify</c>: whether a model folder is whole and makes sense, check by check.</summary>
internal static class ModelVerifyCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "verify",
            "Check a model folder: weights present, shaped as config.json says and finite, texts the same behind the tokenizer, "
                + "logits that make sense, and the perplexity of texts. The exit code is 3 if anything does not hold.");
        Argument<string> folder = CommonOptions.ModelFolder();
        Option<string> text = CommonOptions.TextFile(
            "--text",
            "Measure the perplexity of this UTF-8 text; without it that of sentences which the model's sharpformer.json says it knows, or "
                + "else of a few English ones. Only its beginning is read, as far as the model's positions reach.");
        command.Add(folder);
        command.Add(text);
        AdapterOption adapter = AdapterOption.AddTo(command);
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parse =>
        {
            string? content = parse.GetValue(text) is { } file ? TextFile.Read(file) : null;
            Terminal terminal = Terminal.Of(parse);
            string path = parse.GetRequiredValue(folder);
            using Session session = device.Open(
                parse, path, needsTokenizer: false, notice => terminal.Note($"note: {notice}"), adapter.Of(parse));
            ModelReport report = Measurement.Run(
                terminal, (progress, cancellation) => session.VerifyModel(content, progress, cancellation));
            Render(terminal, path, report);
            return report.Passed ? ExitCode.Done : ExitCode.NotHeld;
        });
        return command;
    }

    private static void Render(Terminal terminal, string folder, ModelReport report)
    {
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["folder"] = folder,
                ["passed"] = report.Passed,
                ["checks"] = report.Checks.Select(JsonText.Record).AsJson(),
                ["perplexity"] = report.Text?.Perplexity,
                ["notice"] = report.Notice,
            });
            return;
        }

        Table table = Terminal.NewTable("check", "result", "found");
        foreach (ModelCheck check in report.Checks) Terminal.AddRow(table, check.Name, check.Passed ? "ok" : "FAILED", check.Found);
        terminal.Show(table);
        if (!report.Checks.Any(check => check.Name == "tokenizer")) terminal.Line("It has no tokenizer, so it reads token ids only.");
        if (report.Notice is { } notice) terminal.Line(notice);
    }
}
