using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sharpformer.Editing;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary><c>model verify</c>: whether a model folder is whole and makes sense, check by check.</summary>
internal static class ModelVerifyCommand
{
    private const string SampleText =
        "The sun rises in the east and sets in the west. Most people in the town knew each other, and on Sundays they met at the market "
        + "to buy bread, fruit and flowers. In 1969 two astronauts walked on the moon; a third stayed in orbit and waited for them.";

    // What tokenizers get wrong: blanks, marks, digits, other scripts, pairs of surrogates, control characters.
    private static readonly string[] RoundTrips =
    [
        SampleText, "  two  blanks\n\n\tand a tab ", "It's 3.14159, isn't it? (Yes!) #1 @home \"quoted\"",
        "naïve café, größer, Ελληνικά, русский, 中文, עברית, हिन्दी", "😀👩‍👩‍👧 𝒳", "\u0001\u007f\u200b\ufeff",
    ];

    private sealed record Check(string Name, bool Passed, string Found);

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "verify",
            "Check a model folder: weights present, shaped as config.json says and finite, texts the same after the tokenizer, "
            + "logits finite, and the perplexity of a text.");
        Argument<string> folder = CommonOptions.ModelFolder();
        Option<string> text = CommonOptions.File(
            "--text",
            "A UTF-8 file to measure the perplexity of; without it a few English sentences. "
            + "Only its beginning is read, as far as the model's positions reach.",
            required: false);
        command.Add(folder);
        command.Add(text);
        DeviceOptions device = DeviceOptions.AddTo(command);
        command.SetAction(parse =>
        {
            string content = parse.GetValue(text) is { } file ? TextFile.Read(file) : SampleText;
            Terminal terminal = Terminal.Of(parse);
            string path = parse.GetRequiredValue(folder);
            long start = Stopwatch.GetTimestamp();
            using Session session = device.Open(parse, path, needsTokenizer: false, notice => terminal.Note($"note: {notice}"));
            return Run(terminal, path, session.Model, Stopwatch.GetElapsedTime(start).TotalSeconds, content);
        });
        return command;
    }

    private static int Run(Terminal terminal, string folder, CausalLm model, double seconds, string text)
    {
        string loaded = $"{model.Config.ModelType}, {Terminal.Counted(model.Weights.Count(), "tensor")} of the shapes that "
            + $"config.json asks for, loaded in {Terminal.Number(seconds, "0.00")} s";
        var checks = new List<Check> { new("weights", true, loaded) };
        Tokenizer? tokenizer = Tokenizer.IsIn(folder) ? Tokenizer.Load(folder, model.Config) : null;
        int[] tokens = tokenizer?.Encode(text) ?? [.. Enumerable.Range(0, 16).Select(i => i * (model.Config.VocabSize / 16))];
        if (tokens.Length < 2)
            throw new InputException(
                "The text of --text has fewer than two tokens, expected at least two: the first has nothing before it.");
        WeightScan scan = Measurement.Run(
            terminal, (progress, cancellation) => WeightScan.Run(
                folder, (read, all) => progress.Report(new Step("Reading", "MB", read / 1_000_000, all / 1_000_000)), cancellation));
        checks.Add(Finite(scan));
        if (tokenizer is not null) checks.Add(SameTexts(tokenizer));
        int[] read = tokens[..Math.Min(tokens.Length, model.Config.NPositions)];
        checks.Add(Reads(terminal, model, read, tokenizer is not null, out TextLoss? loss));

        bool passed = checks.TrueForAll(check => check.Passed);
        if (terminal.Json)
        {
            terminal.Document(new
            {
                folder,
                passed,
                checks = checks.Select(check => new { name = check.Name, passed = check.Passed, found = check.Found }),
                perplexity = loss?.Perplexity,
            });
            return passed ? 0 : 1;
        }

        Table table = Terminal.NewTable("check", "", "found");
        foreach (Check check in checks) Terminal.AddRow(table, check.Name, check.Passed ? "ok" : "FAILED", check.Found);
        terminal.Show(table);
        if (tokenizer is null) terminal.Line("It has no tokenizer, so it reads token ids only.");
        return passed ? 0 : 1;
    }

    private static Check Finite(WeightScan scan)
    {
        string all = scan.Weights.ToString("N0", CultureInfo.InvariantCulture);
        return scan.NotFinite is [var first, ..]
            ? new Check(
                "numbers", false,
                $"{Terminal.Counted(scan.NotFinite.Count, "tensor")} with NaN or infinity, "
                + $"the first is {Terminal.Visible(first.Key)} with {first.Value} of them")
            : new Check("numbers", true, $"{all} weights, all finite");
    }

    private static Check SameTexts(Tokenizer tokenizer)
    {
        foreach (string text in RoundTrips)
        {
            // A tokenizer may put a token or a blank in front, which is part of no text.
            int[] ids = tokenizer.EncodeContinuation(text);
            string back = tokenizer.Decode(ids);
            // Others change a text once and for all: what comes back has the same tokens.
            bool isSame = tokenizer.IsLossless
                ? back == text || back == " " + text
                : tokenizer.Decode(tokenizer.EncodeContinuation(back)) == back;
            if (!isSame) return new Check("tokenizer", false, $"{Terminal.Quoted(text)} comes back as {Terminal.Quoted(back)}");
        }

        string how = tokenizer.IsLossless ? "as they were" : "as it writes them, and stay so";
        return new Check(
            "tokenizer", true, $"{Terminal.Counted(tokenizer.VocabularySize, "token")}; {RoundTrips.Length} texts come back {how}");
    }

    private static Check Reads(Terminal terminal, CausalLm model, int[] tokens, bool isText, out TextLoss? loss)
    {
        TextLoss measured = Measurement.Run(terminal, (progress, cancellation) => new Perplexity(new EditedModel(model)).Measure(
            [tokens], tokens.Length, tokens.Length,
            (read, all) => progress.Report(new Step("Reading", "tokens", read, all)), cancellation)).Base;
        LogitScan scan = LogitScan.Run(model, tokens);
        loss = double.IsFinite(measured.Mean) ? measured : null;
        if (scan.NotFinite > 0)
            return new Check(
                "logits", false,
                $"{scan.NotFinite} NaN or infinite in {Terminal.Counted(tokens.Length, "position")}, the first at position "
                + $"{scan.FirstPosition} for token {scan.FirstToken}");
        if (loss is null) return new Check("logits", false, $"the loss is not finite after {Terminal.Counted(tokens.Length, "token")}");
        string found = $"finite; {Terminal.Counted(tokens.Length, "token")} of {(isText ? "text" : "no meaning")} have perplexity "
            + $"{Terminal.Number(measured.Perplexity, "0.0")} (guessing: {model.Config.VocabSize})"
            + (isText && measured.Perplexity > model.Config.VocabSize ? "; worse than guessing, so not a kind of text that it learnt" : "");
        return new Check("logits", true, found);
    }
}
