using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Cli;

/// <summary><c>model random</c>: a model folder of any published size with random weights, to measure with.</summary>
internal static class ModelRandomCommand
{
    /// <summary>Numbers that are written as they are made; q8 looks at whole rows first.</summary>
    private static readonly string[] Types = [.. ModelConvertCommand.Types.Where(type => type != "q8")];

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "random", "Write a model folder with random weights: it knows nothing, but takes the time and memory of a real one.");
        Option<string> shape = CommonOptions.Choice(
            "--shape", $"Its family and size: {string.Join(", ", PublishedSizes.All.Keys)}.", [.. PublishedSizes.All.Keys], "gpt2");
        Option<string> dtype = CommonOptions.Choice(
            "--dtype", $"How weights are stored: {string.Join(", ", Types)}; 'model convert --dtype q8' makes q8 of it.", Types, "f16",
            ignoresCase: true);
        Option<string> output = CommonOptions.File("--output", "The folder to write; it must not exist yet.", required: true, "DIR");
        Option<string> tokenizer = CommonOptions.File(
            "--tokenizer",
            "A model folder to copy the tokenizer from; without it the model reads token ids only ('bench', 'model logits --tokens').",
            required: false, "DIR");
        Option<int?> layers = Size("--layers", "Blocks, if not those of the shape.", 4096);
        Option<int?> vocabulary = Size("--vocab", "Tokens in the vocabulary, if not those of the shape.", 1 << 24);
        Option<int?> positions = Size("--positions", "Longest text in tokens, if not that of the shape.", 1 << 24);
        Option<ulong> seed = CommonOptions.Number(
            "--seed", "Seeds the weights; the same seed gives the same bytes.", 0ul, _ => true, "a whole number from 0");
        foreach (Option option in (Option[])[shape, dtype, output, tokenizer, layers, vocabulary, positions, seed]) command.Add(option);
        command.SetAction(parse =>
        {
            ModelConfig config = PublishedSizes.All[parse.GetRequiredValue(shape)];
            config = config.WithBlocks(parse.GetValue(layers) ?? config.NLayer) with
            {
                VocabSize = parse.GetValue(vocabulary) ?? config.VocabSize,
                NPositions = parse.GetValue(positions) ?? config.NPositions,
            };
            DType stored = Enum.Parse<DType>(parse.GetRequiredValue(dtype), ignoreCase: true);
            return Run(Terminal.Of(parse), parse.GetRequiredValue(output), config, stored, parse.GetValue(seed), parse.GetValue(tokenizer));
        });
        return command;
    }

    private static int Run(Terminal terminal, string folder, ModelConfig config, DType dtype, ulong seed, string? tokenizer)
    {
        long start = Stopwatch.GetTimestamp();
        long parameters = Writing.Run(
            terminal, "million parameters",
            (progress, cancellation) => RandomCheckpoint.Write(folder, config, dtype, seed, tokenizer, progress, cancellation));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        long bytes = new FileInfo(Path.Combine(folder, "model.safetensors")).Length;
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["folder"] = folder,
                ["config"] = JsonText.Record(config),
                ["dtype"] = dtype.ToString(),
                ["parameters"] = parameters,
                ["bytes"] = bytes,
                ["seed"] = seed,
                ["tokenizer"] = tokenizer is not null,
                ["seconds"] = Math.Round(seconds, 3),
            });
            return 0;
        }

        terminal.Line($"Wrote {folder}: {Terminal.Count(parameters)} random parameters as {dtype}, {Terminal.Bytes(bytes)}, "
            + $"in {Terminal.Duration(seconds)}.");
        if (tokenizer is null)
            terminal.Line("It has no tokenizer, so it reads token ids only: 'bench', 'model logits --tokens'. Hint: --tokenizer DIR.");
        return 0;
    }

    private static Option<int?> Size(string name, string description, int most) => CommonOptions.OptionalNumber<int>(
        name, description, n => n >= 1 && n <= most, $"a whole number from 1 to {most}");
}
