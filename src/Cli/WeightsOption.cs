using System.CommandLine;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Cli;

/// <summary><c>--weights</c>: how the model's weights are held.</summary>
internal sealed class WeightsOption
{
    private const string Expected = "stored or q8";

    private readonly Option<string> option = new("--weights")
    {
        Description =
            $"How weights are held: {Expected}. q8 rounds matrices to int8 with a scale for each row when they are loaded; such a model is "
            + "another one, with stores of its own. 'model convert --dtype q8' does it once and for all.",
        HelpName = "FORM",
        DefaultValueFactory = _ => "stored",
    };

    private WeightsOption() => option.Validators.Add(result =>
    {
        if (result.Tokens is [{ Value: var form }] && form is not ("stored" or "q8"))
            result.AddError($"--weights is '{form}', expected {Expected}.");
    });

    /// <summary>Gives <paramref name="command"/> the option.</summary>
    public static WeightsOption AddTo(Command command)
    {
        var weights = new WeightsOption();
        command.Add(weights.option);
        return weights;
    }

    /// <summary>What was given.</summary>
    public WeightForm Of(ParseResult parse) => parse.GetRequiredValue(option) == "q8" ? WeightForm.Q8 : WeightForm.Stored;
}
