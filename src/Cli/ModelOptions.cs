using System.CommandLine;
using System.CommandLine.Parsing;
using Sharpformer.Editing;

namespace Sharpformer.Cli;

/// <summary>The options of every command that computes: which model, on what.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string> folder;
    private readonly AdapterOption adapter;
    private readonly DeviceOptions device;
    private readonly Option<bool>? verify;

    private ModelOptions(Option<string> folder, AdapterOption adapter, DeviceOptions device, Option<bool>? verify) =>
        (this.folder, this.adapter, this.device, this.verify) = (folder, adapter, device, verify);

    /// <summary>The model that comes with the program.</summary>
    public static string BundledFolder => Path.Combine(AppContext.BaseDirectory, "models", "facts-gpt2");

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    /// <param name="command">The command.</param>
    /// <param name="required">Whether it cannot do without a model.</param>
    /// <param name="trusts">
    /// Whether a fingerprint that is remembered will do where nobody asks for more; what a command writes to last is never made by one.
    /// </param>
    public static ModelOptions AddTo(Command command, bool required = true, bool trusts = true)
    {
        Option<string> folder = Model(required);
        command.Add(folder);
        var adapter = AdapterOption.AddTo(command, folder);
        Option<bool>? verify = trusts ? new("--verify")
        {
            Description = "Read all of the weights to see whose edits fit. Without it a checkpoint of 64 MB or more that was read once is "
                + "known by its files' paths, sizes, times and a sample of their bytes, kept in the user's cache "
                + $"({CacheFolder.Variable}).",
        } : null;
        if (verify is not null) command.Add(verify);
        return new ModelOptions(folder, adapter, DeviceOptions.AddTo(command), verify);
    }

    /// <summary>Whether a model is named.</summary>
    public bool IsGiven(SymbolResult result) => result.GetResult(folder) is { Implicit: false };

    /// <summary>The option alone, for commands that read the folder without computing.</summary>
    public static Option<string> Model(bool required = true) => CommonOptions.File(
        "--model", "The model folder: config.json, weights (model.safetensors or pytorch_model.bin, in one file or shards), tokenizer.",
        required, "DIR");

    /// <summary>Opens the model that was named.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="needsTokenizer">Whether to fail without tokenizer files.</param>
    public Session Open(ParseResult parse, bool needsTokenizer = true) =>
        device.Open(
            parse, parse.GetRequiredValue(folder), needsTokenizer, notice => Terminal.Of(parse).Note($"note: {notice}"), adapter.Of(parse),
            Verifies(parse));

    /// <summary>Opens a base model beside the one that was named, which is taken for its edited form.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="baseFolder">The base model.</param>
    public Session OpenEdited(ParseResult parse, string baseFolder)
    {
        Terminal terminal = Terminal.Of(parse);
        Session session = device.Open(
            parse, baseFolder, needsTokenizer: true, notice => terminal.Note($"note: {notice}"), verify: Verifies(parse));
        try
        {
            session.OpenEdited(parse.GetRequiredValue(folder), adapter.Of(parse));
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Opens the model that was named with a store of edits, which is read.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="store">Its path; null leaves the model alone.</param>
    /// <param name="at">As of when it is read; null is now.</param>
    public Session Open(ParseResult parse, string? store, MomentOption at)
    {
        Session session = Open(parse);
        if (store is null) return session;
        try
        {
            session.OpenStore(store, StoreAccess.Read, at.Of(parse, store));
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private bool Verifies(ParseResult parse) => verify is null || parse.GetValue(verify);
}
