using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Cli;

/// <summary><c>model convert</c>: a model folder of any supported form as safetensors.</summary>
internal static class ModelConvertCommand
{
    /// <summary>The types that weights are written as.</summary>
    public static readonly string[] Types = ["f32", "f16", "bf16", "q8"];

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command(
            "convert",
            "Write a model folder anew as safetensors: from PyTorch's .bin files, in other shards, stored as another type, or with an "
                + "adapter merged into it.");
        Argument<string> folder = CommonOptions.ModelFolder();
        Option<string> output = CommonOptions.File("--output", "The folder to write; it must not exist yet.", required: true, "DIR");
        Option<string> dtype = CommonOptions.Choice(
            "--dtype",
            $"How weights are stored: {string.Join(", ", Types)}. q8 is int8 with a scale for each row of a matrix, all else as it was; "
                + "only this program reads it. Without the option, as they were, but f64 as f32.",
            Types, ignoresCase: true);
        Option<double> shard = CommonOptions.Number(
            "--shard-size", "Largest weight file in GB (10⁹ bytes), unless one tensor alone is larger.", 5.0,
            gb => gb is >= 1e-6 and <= 1e6, "a number from 0.000001 to 1000000");
        command.Add(folder);
        foreach (Option option in (Option[])[output, dtype, shard]) command.Add(option);
        AdapterOption adapter = AdapterOption.AddTo(command);
        command.SetAction(parse =>
        {
            DType? stored = parse.GetValue(dtype) is { } name ? Enum.Parse<DType>(name, ignoreCase: true) : null;
            long shardBytes = (long)(parse.GetValue(shard) * 1e9);
            return Run(
                Terminal.Of(parse), parse.GetRequiredValue(folder), parse.GetRequiredValue(output), stored, shardBytes, adapter.Of(parse));
        });
        return command;
    }

    private static int Run(Terminal terminal, string source, string folder, DType? dtype, long shardBytes, string? adapter)
    {
        ModelFolder.Check(source, adapter); // better told now than of the new folder
        long start = Stopwatch.GetTimestamp();
        CheckpointConverter.Report written = Writing.Run(
            terminal, "MB",
            (progress, cancellation) => CheckpointConverter.Convert(source, folder, dtype, shardBytes, adapter, progress, cancellation));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["source"] = source,
                ["adapter"] = adapter,
                ["folder"] = folder,
                ["dtype"] = dtype?.ToString(),
                ["files"] = written.Files.AsJson(),
                ["tensors"] = written.Tensors,
                ["bytes"] = written.Bytes,
                ["dropped"] = written.Dropped.AsJson(),
                ["narrowed"] = written.Narrowed,
                ["seconds"] = Math.Round(seconds, 3),
            });
            return 0;
        }

        terminal.Line($"Wrote {folder}: {Terminal.Counted(written.Tensors, "tensor")}, {Terminal.Bytes(written.Bytes)} "
            + $"in {Terminal.Counted(written.Files.Count, "file")}, in {Terminal.Duration(seconds)}.");
        if (written.Narrowed > 0) terminal.Line($"{Terminal.Counted(written.Narrowed, "tensor")} of type F64 became narrower.");
        if (written.Dropped.Count > 0)
        {
            string others = written.Dropped.Count > 4 ? $" and {written.Dropped.Count - 4} more" : "";
            string dropped = Terminal.Visible(string.Join(", ", written.Dropped.Take(4)));
            terminal.Line($"Left out, as no weights of their own: {dropped}{others}.");
        }

        return 0;
    }
}
