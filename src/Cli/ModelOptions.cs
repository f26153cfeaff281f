using System.CommandLine;

namespace Sharpformer.Cli;

/// <summary>The options of every command that computes: which model, on what.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string> folder;
    private readonly DeviceOptions device;

    private ModelOptions(Option<string> folder, DeviceOptions device) => (this.folder, this.device) = (folder, device);

    /// <summary>The model that comes with the program.</summary>
    public static string BundledFolder => Path.Combine(AppContext.BaseDirectory, "models", "facts-gpt2");

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    public static ModelOptions AddTo(Command command)
    {
        Option<string> folder = Model();
        command.Add(folder);
        return new ModelOptions(folder, DeviceOptions.AddTo(command));
    }

    /// <summary>The option alone, for commands that read the folder without computing.</summary>
    public static Option<string> Model(bool required = true) => CommonOptions.File(
        "--model", "The model folder: config.json, weights (model.safetensors or pytorch_model.bin, in one file or shards), tokenizer.",
        required, "DIR");

    /// <summary>Opens the model that was named.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="needsTokenizer">Whether to fail without tokenizer files.</param>
    public Session Open(ParseResult parse, bool needsTokenizer = true) =>
        device.Open(parse, parse.GetRequiredValue(folder), needsTokenizer, notice => Terminal.Of(parse).Note($"note: {notice}"));

    /// <summary>The same with a store of edits, which is read.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="store">Its path; null leaves the model alone.</param>
    public Session Open(ParseResult parse, string? store)
    {
        Session session = Open(parse);
        if (store is null) return session;
        try
        {
            session.OpenStore(store, StoreAccess.Read);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }
}
