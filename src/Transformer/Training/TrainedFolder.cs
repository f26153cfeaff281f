using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Transformer.Training;

/// <summary>Writes what was learnt as a hub has it, complete or not at all: a model, or an adapter.</summary>
internal static class TrainedFolder
{
    private const string GenerationConfig = "generation_config.json";

    /// <summary>Writes the folder.</summary>
    /// <param name="output">The folder; must not exist.</param>
    /// <param name="writeWeights">Writes what was learnt, and what belongs to it, into the folder it is told.</param>
    /// <param name="log">The run's log, which is copied and drawn.</param>
    /// <param name="card">Its card.</param>
    /// <param name="cancellation">Stops it; nothing is left behind.</param>
    /// <exception cref="InputException">It is there, cannot be written, or a weight is beyond the type.</exception>
    public static void Write(string output, Action<string> writeWeights, string log, string card, CancellationToken cancellation)
    {
        NewFolder.CheckIsNew(output);
        NewFolder.Write(output, temporary =>
        {
            writeWeights(temporary);
            File.Copy(log, Path.Combine(temporary, "training.jsonl"));
            File.WriteAllText(Path.Combine(temporary, "loss.svg"), LossPicture.Of(TrainingLog.Read(log)));
            File.WriteAllText(Path.Combine(temporary, "README.md"), card);
            cancellation.ThrowIfCancellationRequested();
        });
    }

    /// <summary>Writes a whole model into it.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="model">The model.</param>
    /// <param name="dtype">How weights are stored.</param>
    /// <param name="from">The model folder whose <c>config.json</c> it shares; null for none.</param>
    /// <param name="tokenizer">The folder of its tokenizer.</param>
    /// <param name="cancellation">Stops it.</param>
    public static void WriteModel(
        string folder, CausalLm model, DType dtype, string? from, string tokenizer, CancellationToken cancellation)
    {
        SafeTensorsEntry[] weights =
            [.. WeightNames.Of(model).Zip(model.Weights).Select(one => new SafeTensorsEntry(one.First, one.Second.Value, dtype))];
        SafeTensorsWriter.Write(
            Path.Combine(folder, "model.safetensors"), weights, new Dictionary<string, string> { ["format"] = "pt" }, cancellation);
        string config = from is null
            ? RandomCheckpoint.ConfigJson(model.Config, dtype)
            : CheckpointConverter.ConfigText(from, dtype, untiesHead: !model.Config.TiesHead && ModelConfig.Load(from).TiesHead);
        File.WriteAllText(Path.Combine(folder, "config.json"), config);
        foreach (string name in Tokenizer.Files(tokenizer)) SmallFile.Copy(tokenizer, name, folder);
        if (from is not null && Path.Exists(Path.Combine(from, GenerationConfig))) SmallFile.Copy(from, GenerationConfig, folder);
    }
}
