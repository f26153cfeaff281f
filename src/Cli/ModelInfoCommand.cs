using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Transformer;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;
using Sharpformer.Transformer.Training;

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
        AdapterOption adapter = AdapterOption.AddTo(command);
        var train = new Option<bool>("--train") { Description = "Say too how much memory 'model train' takes, with the options below." };
        command.Add(train);
        TrainingOptions training = TrainingOptions.AddTo(command, TrainingMemoryView.Settings);
        training.Need(command, train);
        command.SetAction(parse => Run(
            Terminal.Of(parse), parse.GetRequiredValue(folder), adapter.Of(parse),
            parse.GetValue(train) ? training.Over(new TrainingPlan(), parse) : null));
        return command;
    }

    private static int Run(Terminal terminal, string folder, string? adapter, TrainingPlan? plan)
    {
        using var device = new CpuDevice(threads: 1);
        CausalLm model = CausalLm.Load(folder, device, notice => terminal.Note($"note: {notice}"), adapter: adapter);
        ModelConfig config = model.Config; // the weights may say more than config.json
        Tokenizer? tokenizer = Tokenizer.IsIn(folder) ? Tokenizer.Load(folder) : null;
        int? tokens = tokenizer?.VocabularySize;
        long parameters = model.Weights.Sum(weight => weight.Value.Count);
        using var stored = StoredWeights.Open(folder, adapter);
        (long bytes, long onGpu, string[] types) = Stored(folder, stored);
        ModelFingerprint fingerprint = ModelFingerprinter.Compute(folder, adapter: adapter);
        var defaults = ModelDefaults.Load(folder);
        var settings = (IReVaSettings)defaults.SettingsFor(IReVaSettings.Name, config);
        string? from = defaults.Names(IReVaSettings.Name) ? ModelDefaults.FileName : null;
        var memory = MemoryEstimate.Of(config, bytes);
        TrainingMemoryView? training = plan is null ? null : TrainingMemoryView.Of(config, plan, bytes);
        if (terminal.Json)
        {
            terminal.Document(new JsonObject
            {
                ["folder"] = folder,
                ["adapter"] = stored.Adapter is { } lora
                    ? new JsonObject
                    {
                        ["folder"] = lora.Folder,
                        ["baseModel"] = lora.BaseModel,
                        ["ranks"] = lora.Ranks.AsJson(),
                        ["changed"] = lora.Changed.AsJson(),
                        ["replaced"] = lora.Replaced.AsJson(),
                        ["mergedBytes"] = stored.MergedBytes,
                    }
                    : null,
                ["config"] = JsonText.Record(config),
                ["parameters"] = parameters,
                ["dtypes"] = types.AsJson(),
                ["bytes"] = bytes,
                ["tokenizer"] = tokens,
                ["suggestedLayer"] = settings.Layer,
                ["editing"] = new JsonObject
                {
                    ["layer"] = settings.Layer,
                    ["alpha"] = settings.Alpha,
                    ["theta"] = settings.Theta,
                    ["retrofit"] = settings.Retrofit,
                    ["learningRate"] = settings.LearningRate,
                    ["epochs"] = settings.Epochs,
                    ["recWeight"] = settings.RecWeight,
                    ["irrWeight"] = settings.IrrWeight,
                    ["from"] = from,
                },
                ["memory"] = JsonText.Record(memory),
                ["training"] = training?.Document,
                ["fingerprint"] = JsonText.Record(fingerprint),
            });
            return 0;
        }

        Table table = Terminal.NewTable("model", folder);
        Terminal.AddRow(table, "architecture", string.Create(
            CultureInfo.InvariantCulture,
            $"{config.ModelType}: {Terminal.Counted(config.NLayer, "block")}, {Terminal.Counted(config.NHead, "head")}, "
            + $"n_embd {config.NEmbd}, MLP {config.NInner} with {config.Activation}, "
            + $"{Terminal.Count(config.NPositions)} positions, vocabulary {Terminal.Count(config.VocabSize)}"));
        if (Peculiarities(config) is { Length: > 0 } peculiarities) Terminal.AddRow(table, "", peculiarities);
        Terminal.AddRow(table, "parameters", Terminal.Count(parameters));
        Terminal.AddRow(table, "stored as", string.Join(", ", types));
        Terminal.AddRow(table, "weights", $"{Terminal.Bytes(bytes)} ({Terminal.Count(bytes)} bytes)");
        if (stored.Adapter is { } laidOver)
            Terminal.AddRow(
                table, "adapter",
                $"LoRA of rank {string.Join(", ", laidOver.Ranks)} on {Terminal.Counted(laidOver.Changed.Count, "weight")}, "
                + $"held as float32 copies of {Terminal.Bytes(stored.MergedBytes)}"
                + (laidOver.Replaced.Count > 0 ? $"; replaces {Terminal.Counted(laidOver.Replaced.Count, "tensor")}" : "")
                + (laidOver.BaseModel is { } trained ? $"; trained on {Terminal.Quoted(trained)}" : ""));
        Terminal.AddRow(table, "tokenizer", tokens switch
        {
            null => "none: it reads token ids only",
            { } count when !tokenizer!.Fits(config.VocabSize) =>
                $"{Terminal.Counted(count, "token")}, more than the vocabulary holds: it belongs to another model",
            { } count when count > config.VocabSize =>
                $"{Terminal.Counted(count, "token")}, of which {count - config.VocabSize} added without a row in the model",
            { } count => Terminal.Counted(count, "token"),
        });
        Terminal.AddRow(
            table, "memory: CPU",
            $"{Terminal.Bytes(memory.Weights)} of mapped files; besides, about {Terminal.Bytes(memory.Generate)} for a text of "
            + $"{Terminal.Counted(config.NPositions, "token")}, {Terminal.Bytes(memory.Teach)} for teaching");
        Terminal.AddRow(
            table, "memory: GPU",
            $"{Terminal.Bytes(onGpu + memory.Generate)} with such a text, {Terminal.Bytes(onGpu + memory.Teach)} for teaching");
        training?.AddRows(table);
        Terminal.AddRow(table, "block to edit", FormattableString.Invariant($"{settings.Layer} suggested, of 0 to {config.NLayer - 1}"));
        string retrofit = settings.Retrofit
            ? FormattableString.Invariant($"retrofit of {settings.Epochs} epochs at learning rate {settings.LearningRate}")
            : "no retrofit";
        Terminal.AddRow(
            table, "editing",
            FormattableString.Invariant($"α {settings.Alpha}, θ {settings.Theta}, {retrofit}, unless told otherwise"));
        if (from is not null) Terminal.AddRow(table, "", $"as its {from} says");
        Terminal.AddRow(table, "fingerprint", $"weights {fingerprint.Weights}");
        if (tokens is not null) Terminal.AddRow(table, "", $"tokenizer {fingerprint.Tokenizer}");
        terminal.Show(table);
        return 0;
    }

    /// <summary>In what this model is not like GPT-2; empty if in nothing.</summary>
    private static string Peculiarities(ModelConfig config)
    {
        var told = new List<string>();
        int[] windows = [.. config.Windows.Where(window => window > 0)];
        if (windows.Length > 0)
            told.Add(
                $"{Terminal.Counted(windows.Length, "block")} of {config.NLayer} {(windows.Length == 1 ? "sees" : "see")} "
                + $"the last {windows.Max()} positions only");
        if (!config.ScalesAttention) told.Add("attention scores not scaled");
        if (config.ScalesAttentionByLayer) told.Add("attention scores divided by the block's number");
        if (config.RotaryDim > 0) told.Add($"rotary positions in {config.RotaryDim} of {config.NEmbd / config.NHead} channels a head");
        if (!config.TiesHead) told.Add("an output head of its own");
        return string.Join(", ", told);
    }

    /// <summary>What the headers of the weight files say.</summary>
    private static (long Bytes, long OnGpu, string[] Types) Stored(string folder, StoredWeights stored)
    {
        long bytes = ModelFolder.WeightFiles(folder).Sum(FileLength.Of), widened = 0;
        var types = new SortedSet<string>(StringComparer.Ordinal);
        foreach ((ITensorFile file, TensorInfo tensor) in stored.Tensors)
        {
            if (ModelFolder.IsBuffer(tensor.Name)) continue;
            bool isQ8 = Q8Container.Holds(file, tensor);
            types.Add(isQ8 ? nameof(DType.Q8) : tensor.DType);
            if (isQ8) widened += tensor.Count * (DType.F32.Size() - DType.Q8.Size());
        }

        return (bytes, bytes + widened, [.. types]);
    }
}
