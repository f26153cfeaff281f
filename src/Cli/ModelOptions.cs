using System.CommandLine;

namespace Sharpformer.Cli;

/// <summary>The options of every command that computes: which model, on what.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string> folder = Model();

    private readonly Option<string> device = new("--device")
    {
        Description = "Where to compute; so far only cpu.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "cpu",
    };

    private readonly Option<int> threads = Threads();

    private ModelOptions() => device.Validators.Add(result =>
    {
        if (result.Tokens is [{ Value: var name }] && name != "cpu") result.AddError($"--device is '{name}', expected cpu.");
    });

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    public static ModelOptions AddTo(Command command)
    {
        var options = new ModelOptions();
        command.Add(options.folder);
        command.Add(options.device);
        command.Add(options.threads);
        return options;
    }

    /// <summary>The option alone, for commands that read the folder without computing.</summary>
    public static Option<string> Model(bool required = true) =>
        CommonOptions.File("--model", "The model folder: config.json, model.safetensors, vocab.json, merges.txt.", required, "DIR");

    /// <summary>How many threads compute.</summary>
    public static Option<int> Threads() => CommonOptions.Number(
        "--threads", "Threads that share the work, 0 for all processors; results do not depend on it.", 0, n => n is >= 0 and <= 1024, "0 to 1024");

    /// <summary>Loads the model that was named.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="needsTokenizer">Whether to fail without tokenizer files.</param>
    public LoadedModel Load(ParseResult parse, bool needsTokenizer = true) =>
        LoadedModel.Open(parse.GetRequiredValue(folder), parse.GetRequiredValue(threads), needsTokenizer);
}
