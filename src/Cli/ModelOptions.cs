using System.CommandLine;

namespace Sharpformer.Cli;

/// <summary>The options of every command that computes: which model, on what.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string> folder;
    private readonly DeviceOptions device;

    private ModelOptions(Option<string> folder, DeviceOptions device) => (this.folder, this.device) = (folder, device);

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    public static ModelOptions AddTo(Command command)
    {
        Option<string> folder = Model();
        command.Add(folder);
        return new ModelOptions(folder, DeviceOptions.AddTo(command));
    }

    /// <summary>The option alone, for commands that read the folder without computing.</summary>
    public static Option<string> Model(bool required = true) =>
        CommonOptions.File(
            "--model", "The model folder: config.json, weights (model.safetensors or pytorch_model.bin, in one file or shards), tokenizer.",
            required, "DIR");

    /// <summary>Loads the model that was named.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="needsTokenizer">Whether to fail without tokenizer files.</param>
    public LoadedModel Load(ParseResult parse, bool needsTokenizer = true) =>
        LoadedModel.Open(
            parse.GetRequiredValue(folder), device.Open(parse), needsTokenizer, notice => Terminal.Of(parse).Note($"note: {notice}"));
}
