using System.CommandLine;
using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Cli;

/// <summary><c>--weights</c>: how the model's weights are held.</summary>
internal sealed class WeightsOption
{
    private const string Stored = "stored", Q8 = "q8";

    private readonly Option<string> option = CommonOptions.Choice(
        "--weights",
        $"How weights are held: {Stored} or {Q8}. q8 rounds matrices to int8 with a scale for each row when they are loaded; such a model "
            + "is another one, with stores of its own. 'model convert --dtype q8' does it once and for all.",
        [Stored, Q8], Stored);

    private WeightsOption()
    {
    }

    /// <summary>Gives <paramref name="command"/> the option.</summary>
    public static WeightsOption AddTo(Command command)
    {
        var weights = new WeightsOption();
        command.Add(weights.option);
        return weights;
    }

    /// <summary>What was given.</summary>
    public WeightForm Of(ParseResult parse) => parse.GetRequiredValue(option) == Q8 ? WeightForm.Q8 : WeightForm.Stored;
}
