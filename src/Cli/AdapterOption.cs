using System.CommandLine;

namespace Sharpformer.Cli;

/// <summary><c>--adapter</c>: a LoRA adapter on top of the model.</summary>
internal sealed class AdapterOption
{
    private readonly Option<string> option = CommonOptions.File(
        "--adapter",
        "A LoRA adapter as PEFT saves it (adapter_config.json and adapter_model.safetensors), merged into the model when it is loaded. "
        + "The model with it is another one, with stores of its own.",
        required: false, "DIR");

    private AdapterOption()
    {
    }

    /// <summary>Gives <paramref name="command"/> the option.</summary>
    /// <param name="command">The command.</param>
    /// <param name="model">The option that names the base model; null where that is an argument, or has a default.</param>
    public static AdapterOption AddTo(Command command, Option<string>? model = null)
    {
        var adapter = new AdapterOption();
        command.Add(adapter.option);
        if (model is not null)
            command.Validators.Add(result =>
            {
                if (result.GetResult(adapter.option) is { Implicit: false } && result.GetResult(model) is null)
                    result.AddError("--adapter needs --model, the base model that it changes.");
            });
        return adapter;
    }

    /// <summary>The folder; null where none is named.</summary>
    public string? Of(ParseResult parse) => parse.GetValue(option);
}
