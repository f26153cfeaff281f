using System.CommandLine;
using System.Globalization;
using Sharpformer.Editing;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;
using Spectre.Console;

namespace Sharpformer.Cli;

/// <summary><c>model info</c>: what a model folder holds.</summary>
internal static class ModelInfoCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var command = new Command("info", "Say what a model folder holds, after checking that its weights fit its config.json.");
        Argument<string> folder = CommonOptions.ModelFolder();
        command.Add(folder);
        command.SetAction(parse => Run(Terminal.Of(parse), parse.GetRequiredValue(folder)));
        return command;
    }

    private static int Run(Terminal terminal, string folder)
    {
        ModelConfig config = ModelConfig.Load(folder);
        using (var device = new CpuDevice(threads: 1)) CausalLm.Load(folder, device, notice => terminal.Note($"note: {notice}"));
        int? tokens = Tokenizer.IsIn(folder) ? Tokenizer.Load(folder).VocabularySize : null;
        (long parameters, long bytes, string[] types) = Weights(folder);
        ModelFingerprint fingerprint = ModelFingerprinter.Compute(folder);
        EditSettings settings = EditSettings.For(config);
        var memory = MemoryEstimate.Of(config, bytes);
        if (terminal.Json)
        {
            terminal.Document(new
            {
                folder,
                config,
                parameters,
                dtypes = types,
                bytes,
                tokenizer = tokens,
                suggestedLayer = settings.Layer,
                editing = new { settings.Layer, settings.Alpha, settings.Theta, settings.Retrofit, settings.LearningRate, settings.Epochs },
                memory,
                fingerprint,
            });
            return 0;
        }

        Table table = Terminal.NewTable("model", folder);
        Terminal.AddRow(table, "architecture", FormattableString.Invariant(
            $"{config.ModelType}: {config.NLayer} blocks, {config.NHead} heads, n_embd {config.NEmbd}, MLP {config.NInner} with {config.Activation}, {config.NPositions} positions, vocabulary {config.VocabSize}"));
        Terminal.AddRow(table, "parameters", parameters.ToString("N0", CultureInfo.InvariantCulture));
        Terminal.AddRow(table, "stored as", string.Join(", ", types));
        Terminal.AddRow(table, "weights", bytes.ToString("N0", CultureInfo.InvariantCulture) + " bytes");
        Terminal.AddRow(table, "tokenizer", tokens is { } count ? Terminal.Counted(count, "token") : "none");
        Terminal.AddRow(table, "memory: CPU", $"{Size(memory.Weights)} of mapped files; besides, about {Size(memory.Generate)} for a text of {config.NPositions} tokens, {Size(memory.Teach)} for teaching");
        Terminal.AddRow(table, "memory: GPU", $"{Size(memory.Weights + memory.Generate)} with such a text, {Size(memory.Weights + memory.Teach)} for teaching");
        Terminal.AddRow(table, "block to edit", FormattableString.Invariant($"{settings.Layer} suggested, of 0 to {config.NLayer - 1}"));
        Terminal.AddRow(table, "editing", FormattableString.Invariant($"α {settings.Alpha}, θ {settings.Theta}, ") + (settings.Retrofit
            ? FormattableString.Invariant($"retrofit of {settings.Epochs} epochs at learning rate {settings.LearningRate}") : "no retrofit") + ", unless told otherwise");
        Terminal.AddRow(table, "fingerprint", $"weights {fingerprint.Weights}");
        Terminal.AddRow(table, "", $"tokenizer {fingerprint.Tokenizer}");
        terminal.Show(table);
        return 0;
    }

    private static string Size(long bytes) => bytes < 1_000_000_000 ? Terminal.Number(bytes / 1e6, "0") + " MB" : Terminal.Number(bytes / 1e9, "0.0") + " GB";

    /// <summary>What the headers of the weight files say.</summary>
    private static (long Parameters, long Bytes, string[] Types) Weights(string folder)
    {
        long parameters = 0, bytes = 0;
        var types = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string path in ModelFolder.WeightFiles(folder))
        {
            bytes += new FileInfo(path).Length;
            using ITensorFile file = ModelFolder.OpenWeights(path);
            foreach (TensorInfo tensor in file.Tensors)
            {
                if (ModelFolder.IsBuffer(tensor.Name)) continue;
                parameters += tensor.Count;
                types.Add(tensor.DType);
            }
        }

        return (parameters, bytes, [.. types]);
    }
}
