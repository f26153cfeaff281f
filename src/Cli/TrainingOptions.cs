using System.CommandLine;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Cli;

/// <summary>An option for every setting of a training run, which goes before what the configuration says.</summary>
internal sealed class TrainingOptions
{
    private readonly (TrainingKey Key, Option Option)[] options;

    private TrainingOptions((TrainingKey Key, Option Option)[] options) => this.options = options;

    /// <summary>Gives <paramref name="command"/> those that say how long weights of any kind are trained, and what is kept when.</summary>
    /// <param name="command">The command.</param>
    /// <param name="usually">What they are where they are not given.</param>
    public static TrainingOptions AddOfAnyWeights(Command command, TrainingPlan usually)
    {
        string[] names =
        [
            "steps", "hours", "learningRate", "warmupSteps", "finalRate", "weightDecay", "clipNorm", "beta1", "beta2", "evaluateEvery",
            "patience", "keepBest", "checkpointEvery", "checkpointMinutes", "logEvery", "seed",
        ];
        var options = new TrainingOptions(
            [.. TrainingKeys.All.Where(key => names.Contains(key.Name)).Select(key => (key, Of(key, usually)))]);
        foreach ((_, Option option) in options.options) command.Add(option);
        return options;
    }

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    /// <param name="command">The command.</param>
    /// <param name="names">The settings it has options for; none for all.</param>
    public static TrainingOptions AddTo(Command command, params string[] names)
    {
        var options = new TrainingOptions(
            [
                .. TrainingKeys.All.Where(key => names.Length == 0 || names.Contains(key.Name))
                    .Select(key => (key, Of(key, new TrainingPlan()))),
            ]);
        foreach ((_, Option option) in options.options) command.Add(option);
        return options;
    }

    /// <summary>A plan with what the command line says instead.</summary>
    public TrainingPlan Over(TrainingPlan plan, ParseResult parse)
    {
        foreach ((TrainingKey key, Option option) in options)
        {
            if (parse.GetResult(option) is { Tokens: { Count: > 0 } tokens })
                plan = key.With(plan, [.. tokens.Select(token => token.Value)], option.Name);
        }

        return plan;
    }

    /// <summary>Makes these options need another one.</summary>
    public void Need(Command command, Option<bool> other) => command.Validators.Add(result =>
    {
        if (!result.GetValue(other) && options.FirstOrDefault(one => result.GetResult(one.Option) is { Tokens.Count: > 0 }) is
            { Option: { } given })
            result.AddError($"{given.Name} needs {other.Name}.");
    });

    private static Option Of(TrainingKey key, TrainingPlan usually)
    {
        string name = "--" + string.Concat(key.Name.Select(c => char.IsAsciiLetterUpper(c) ? $"-{char.ToLowerInvariant(c)}" : $"{c}"));
        Option option = key.IsList ? new Option<string[]>(name) { AllowMultipleArgumentsPerToken = true } : new Option<string>(name);
        option.HelpName = key.ValueName;
        option.Description = Described(key, usually);
        if (key.Words.Count > 0) option.CompletionSources.Add([.. key.Words]);
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 0) return;
            try
            {
                key.With(new TrainingPlan(), [.. result.Tokens.Select(token => token.Value)], name);
            }
            catch (InputException e)
            {
                result.AddError(e.Message);
            }
        });
        return option;
    }

    private static string Described(TrainingKey key, TrainingPlan usually) =>
        key.IsList || key.Of(usually) is not { } value ? key.Description : $"{key.Description} [default: {value}]";
}
