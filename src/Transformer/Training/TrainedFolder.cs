using Sharpformer.Tensors;
using Sharpformer.Tensors.SafeTensors;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Transformer.Training;

/// <summary>Writes a trained model as a hub has it, complete or not at all.</summary>
internal static class TrainedFolder
{
    private const string GenerationConfig = "generation_config.json";

    /// <summary>Writes the folder.</summary>
    /// <param name="output">The folder; must not exist.</param>
    /// <param name="weights">All weights of the model, by name.</param>
    /// <param name="config">Its architecture.</param>
    /// <param name="dtype">How weights are stored.</param>
    /// <param name="from">The model folder whose <c>config.json</c> it shares; null for none.</param>
    /// <param name="tokenizer">The folder of its tokenizer.</param>
    /// <param name="log">The run's log, which is copied and drawn.</param>
    /// <param name="card">Its model card.</param>
    /// <param name="cancellation">Stops it; nothing is left behind.</param>
    /// <exception cref="InputException">It is there, cannot be written, or a weight is beyond the type.</exception>
    public static void Write(
        string output, IReadOnlyList<SafeTensorsEntry> weights, ModelConfig config, DType dtype, string? from, string tokenizer, string log,
        string card, CancellationToken cancellation)
    {
        NewFolder.CheckIsNew(output);
        NewFolder.Write(output, temporary =>
        {
            SafeTensorsWriter.Write(
                Path.Combine(temporary, "model.safetensors"), weights, new Dictionary<string, string> { ["format"] = "pt" }, cancellation);
            string configText = from is null
                ? RandomCheckpoint.ConfigJson(config, dtype)
                : CheckpointConverter.ConfigText(from, dtype, untiesHead: !config.TiesHead && ModelConfig.Load(from).TiesHead);
            File.WriteAllText(Path.Combine(temporary, "config.json"), configText);
            foreach (string name in Tokenizer.Files(tokenizer)) SmallFile.Copy(tokenizer, name, temporary);
            if (from is not null && Path.Exists(Path.Combine(from, GenerationConfig))) SmallFile.Copy(from, GenerationConfig, temporary);
            File.Copy(log, Path.Combine(temporary, "training.jsonl"));
            File.WriteAllText(Path.Combine(temporary, "loss.svg"), LossPicture.Of(TrainingLog.Read(log)));
            File.WriteAllText(Path.Combine(temporary, "README.md"), card);
            cancellation.ThrowIfCancellationRequested();
        });
    }

    /// <summary>The weights of a model as they are stored.</summary>
    public static IReadOnlyList<SafeTensorsEntry> Weights(CausalLm model, DType dtype) =>
        [.. WeightNames.Of(model).Zip(model.Weights).Select(weight => new SafeTensorsEntry(weight.First, weight.Second.Value, dtype))];

    /// <summary>The same of a file of weights.</summary>
    public static IReadOnlyList<SafeTensorsEntry> Weights(SafeTensorsFile file, DType dtype) =>
    [
        .. file.Tensors.Select(tensor => new SafeTensorsEntry(
            tensor.Name, dtype, tensor.EngineShape(file.Path), (start, values) => file.ReadFloats(tensor.Name, start, values))),
    ];
}
