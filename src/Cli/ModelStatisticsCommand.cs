using System.CommandLine;
using System.Text.Json.Nodes;
using Sharpformer.Editing.Statistics;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Cli;

/// <summary><c>model statistics</c>: second moments of the MLP's hidden states, which ROME and its kind need.</summary>
internal static class ModelStatisticsCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "statistics",
            "Collect E[k kᵀ] of a block's MLP hidden states over a text, for methods that need it. An ended run is gone on with by "
                + "repeating it.");
        ModelOptions model = ModelOptions.AddTo(command, trusts: false);
        Option<string> text = CommonOptions.File("--text", "A UTF-8 file, the larger the better.", required: true);
        Option<int?> layer = CommonOptions.OptionalNumber<int>(
            "--layer", "The block, counted from 0.", l => l >= 0, "a block, counted from 0");
        layer.Required = true;
        Option<string> output = CommonOptions.File(
            "--output", "The folder to keep the sums in; made if it does not exist.", required: true, "DIR");
        Option<long?> limit = CommonOptions.OptionalNumber<long>(
            "--tokens", "Read until there are so many tokens. [default: the whole text]", n => n >= 1, "1 or more, as a whole number");
        var lines = new Option<bool>("--lines")
        {
            Description = "Take each line for a text of its own, which suits a model that learnt from single sentences.",
        };
        foreach (Option option in (Option[])[text, layer, output, limit, lines]) command.Add(option);
        command.SetAction(parse =>
        {
            string path = parse.GetRequiredValue(text);
            if (path == TextFile.StandardInput) throw new InputException("--text is standard input, expected a file: it is read twice.");
            string folder = parse.GetRequiredValue(output);
            int block = parse.GetValue(layer) ?? 0;
            bool byLine = parse.GetValue(lines);
            Terminal terminal = Terminal.Of(parse);
            using Session session = model.Open(parse);
            EditSettingsOptions.CheckLayer(block, session.Model.Config);
            int positions = session.Model.Config.NPositions;
            var statistics = new MlpStatistics(
                folder, session.VerifiedFingerprint, block, MlpStatistics.CorpusOf(path, byLine ? "lines" : $"windows-{positions}"));
            IEnumerable<int[]> texts = Texts(session.Tokenizer, path, positions, byLine);
            long most = Math.Min(parse.GetValue(limit) ?? long.MaxValue, texts.Sum(tokens => (long)tokens.Length));
            if (most == 0) throw new InputException($"{path}: the text is empty, expected tokens to read.");
            using var interruption = new Interruption();
            try
            {
                long count = ProgressReport.Run(terminal, progress => session.Compute(() => statistics.Collect(
                    session.Model, texts, most,
                    new ProgressInOrder<long>(done => progress.Report(new Step("Reading", "tokens", Math.Min(done, most), most))),
                    interruption.Token)));
                return Render(terminal, statistics, count, session.Model.Config.NInner);
            }
            catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
            {
                throw new InputException($"Interrupted: what was read is in {statistics.Path}.", "repeat the command to go on.")
                {
                    Kind = ErrorKind.Interrupted,
                };
            }
        });
        return command;
    }

    private static int Render(Terminal terminal, MlpStatistics statistics, long count, int size)
    {
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["file"] = statistics.Path,
                ["layer"] = statistics.Layer,
                ["size"] = size,
                ["tokens"] = count,
                ["corpus"] = statistics.Corpus,
                ["model"] = statistics.Model.Weights,
            });
            return 0;
        }

        terminal.Line($"{statistics.Path}: {Terminal.Counted(count, "hidden state")} of "
            + $"{Terminal.Count(size)} numbers at block {statistics.Layer}.");
        if (count < 10L * size) terminal.Line($"That is few: {Terminal.Count(10L * size)} or more make a good estimate.");
        return 0;
    }

    /// <summary>The text as windows that the model can read, or line by line; read anew each time it is gone through.</summary>
    private static IEnumerable<int[]> Texts(Tokenizer tokenizer, string path, int positions, bool byLine)
    {
        IEnumerable<string> pieces = byLine ? TextFile.Lines(TextFile.Read(path))
            : tokenizer.JoinsNoWords ? TextFile.Pieces(path)
            : [TextFile.Read(path)];
        IEnumerable<int[]> encoded = pieces.Select(tokenizer.Encode);
        return byLine ? encoded.SelectMany(tokens => tokens.Chunk(positions)) : encoded.SelectMany(tokens => tokens).Chunk(positions);
    }
}
