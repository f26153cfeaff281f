using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Metrics;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Cli;

/// <summary><c>evaluate perplexity</c>: how well a text is predicted by the base and by the edited model.</summary>
internal static class EvaluatePerplexityCommand
{
    private const string NotScored = "the first is not scored, because nothing stands before it.";

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "perplexity", "Measure how well a text is predicted, token by token, by the base and by the edited model: "
                + "what edits did to everything else.");
        ModelOptions model = ModelOptions.AddTo(command);
        Option<string> edits = CommonOptions.Edits(required: false);
        edits.Description = "The edit store; without it the base model is measured alone.";
        Option<string> text = CommonOptions.TextFile("--text", "The text, a UTF-8 file.", required: true);
        Option<int?> window = CommonOptions.OptionalNumber<int>(
            "--window", "Tokens that the model reads at once. [default: its positions]", n => n >= 2, "2 or more, as a whole number");
        Option<int?> stride = CommonOptions.OptionalNumber<int>(
            "--stride", "Tokens from one window's beginning to the next's; fewer mean more context for each, and more work. "
                + "[default: half a window]",
            n => n >= 1, "1 or more, as a whole number");
        var lines = new Option<bool>("--lines")
        {
            Description = "Take each line for a text of its own, which suits a model that learnt from single sentences.",
        };
        Option<int?> limit = CommonOptions.OptionalNumber<int>(
            "--limit", "Read only the first N tokens of --text.", n => n >= 2, "2 or more, as a whole number");
        foreach (Option option in (Option[])[edits, text, lines, window, stride, limit]) command.Add(option);
        MomentOption at = MomentOption.AddTo(command, edits);
        BaseOption baseModel = BaseOption.AddTo(command, model, edits);
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(text);
            using Session session = baseModel.Open(parse, parse.GetValue(edits), at);
            (int length, int step) = TextTokens.Windows(
                parse.GetValue(window), parse.GetValue(stride), session.Model.Config.NPositions);
            int most = parse.GetValue(limit) ?? int.MaxValue;
            List<int[]> texts = parse.GetValue(lines)
                ? Lines(session.Tokenizer, path, most)
                : [TextTokens.Whole(session.Tokenizer, path, most, NotScored)];
            Terminal terminal = Terminal.Of(parse);
            PerplexityReport report = Measurement.Run(
                terminal, (progress, cancellation) => session.Perplexity(texts, length, step, progress, cancellation));
            return Render(terminal, report, session, texts, length, step);
        });
        return command;
    }

    /// <summary>The lines that have something to score, as far as the limit reaches.</summary>
    private static List<int[]> Lines(Tokenizer tokenizer, string path, int limit)
    {
        string content = TextFile.Read(path);
        var texts = new List<int[]>();
        foreach (string line in TextFile.Lines(content))
        {
            if (limit == 0) break;
            int[] tokens = tokenizer.Encode(line);
            if (tokens.Length > limit) tokens = tokens[..limit];
            if (tokens.Length > 1) texts.Add(tokens);
            limit -= tokens.Length;
        }

        if (texts.Count > 0) return texts;
        throw content.Length == 0
            ? TextTokens.Empty(path)
            : new InputException($"{path}: no line has more than a single token, expected at least two.", NotScored);
    }

    private static int Render(Terminal terminal, PerplexityReport report, Session session, List<int[]> texts, int window, int stride)
    {
        if (!double.IsFinite(report.Base.Mean))
            terminal.Note("note: the base model's loss is not a finite number; 'model verify' says which weights are damaged.");
        else if (!double.IsFinite(report.Edited.Mean))
            terminal.Note("note: the edited model's loss is not a finite number; an edit's alpha may be too large.");
        bool hasEdits = session.HasStore || session.Elsewhere is not null;
        long bytes = 0;
        foreach (int[] text in texts)
            for (int i = 1; i < text.Length; i++) bytes += session.Tokenizer.TokenBytes(text[i], text[i - 1]).Length;
        if (terminal.Json)
        {
            JsonObject document = Json(report, texts.Count, bytes, window, stride, hasEdits);
            if (BaseOption.Json(session) is { } weights) document["weights"] = weights;
            terminal.Document(document);
            return 0;
        }

        Table table = Terminal.NewTable(Terminal.Counted(report.Tokens, "token"), "loss, nats a token", "perplexity", "bits a byte");
        AddRow(table, "base", report.Base, bytes);
        if (hasEdits) AddRow(table, "edited", report.Edited, bytes);
        terminal.Show(table);
        terminal.Line($"Windows of at most {window} tokens, each beginning {Terminal.Counted(stride, "token")} behind the one before.");
        if (!hasEdits)
        {
            terminal.Line("No edits were given: the base model was measured alone.");
            return 0;
        }

        if (BaseOption.Sentence(session) is { } difference) terminal.Line(difference);
        double ratio = report.Edited.Perplexity / report.Base.Perplexity;
        string changed = $"{Terminal.Percent(report.Changed)} % another token has become the most likely one.";
        terminal.Line(session.HasStore
            ? $"A neuron answered at {Terminal.Percent(report.Answered)} % of the tokens; at {changed}"
            : $"The edited model's perplexity is {Terminal.Number(ratio)} times the base model's; at {changed}");
        return 0;
    }

    private static JsonObject Json(PerplexityReport report, int texts, long bytes, int window, int stride, bool hasEdits)
    {
        var document = new JsonObject
        {
            ["texts"] = texts,
            ["tokens"] = report.Tokens,
            ["bytes"] = bytes,
            ["window"] = window,
            ["stride"] = stride,
            ["base"] = Loss(report.Base, bytes),
        };
        if (!hasEdits) return document;
        JsonObject edited = Loss(report.Edited, bytes);
        (edited["answered"], edited["changed"]) = (report.Answered, report.Changed);
        document["edited"] = edited;
        return document;
    }

    private static JsonObject Loss(TextLoss loss, long bytes) =>
        new() { ["loss"] = loss.Mean, ["perplexity"] = loss.Perplexity, ["bitsPerByte"] = loss.BitsPerByte(bytes) };

    private static void AddRow(Table table, string name, TextLoss loss, long bytes) =>
        Terminal.AddRow(
            table, name, Terminal.Nats(loss.Mean), Terminal.Score(loss.Perplexity), Terminal.Nats(loss.BitsPerByte(bytes)));
}
