using System.CommandLine;
using Sharpformer.Editing;
using Sharpformer.Transformer;

namespace Sharpformer.Cli;

/// <summary>The options that decide what an edit becomes; their defaults are those of <see cref="IReVaSettings"/>.</summary>
internal sealed class EditSettingsOptions
{
    private static readonly IReVaSettings Default = new() { Layer = 0 };

    private readonly Option<int?> layer = CommonOptions.OptionalNumber<int>(
        "--layer", "Block to edit, counted from 0. [default: the store's, in a new store the last but one]", l => l >= 0, "a block, counted from 0");

    private readonly Option<float> theta = CommonOptions.Number(
        "--theta", "A new neuron fires when a prompt's state correlates with its own prompt's by more than this; lower generalises further and spills over more.",
        Default.Theta, t => t is > 0 and < 1, "a number between 0 and 1, both exclusive");

    private readonly Option<float?> alpha = CommonOptions.OptionalNumber<float>(
        "--alpha", FormattableString.Invariant($"Scales what a firing neuron adds; narrow models need more than wide ones. [default: the model family's, {Default.Alpha} unless 'model info' says otherwise]"),
        a => a != 0, "a finite number other than 0");

    private readonly Option<int> epochs = CommonOptions.Number(
        "--epochs", "Training steps per neuron.", Default.Epochs, e => e is >= 1 and <= 100_000, "a whole number from 1 to 100000 (or use --no-retrofit)");

    private readonly Option<float?> learningRate = CommonOptions.OptionalNumber<float>(
        "--learning-rate", FormattableString.Invariant($"Learning rate of AdamW. [default: the model family's, {Default.LearningRate} unless 'model info' says otherwise]"),
        r => r > 0, "a finite number above 0");

    private readonly Option<float> recWeight = CommonOptions.Number(
        "--rec-weight", "Weight of the loss that keeps a key answering its own prompt.", Default.RecWeight, w => w >= 0, "a finite number from 0");

    private readonly Option<float> irrWeight = CommonOptions.Number(
        "--irr-weight", "Weight of the loss that keeps a key silent on out-of-scope prompts; 0 samples none.", Default.IrrWeight, w => w >= 0, "a finite number from 0");

    private readonly Option<float> weightDecay = CommonOptions.Number(
        "--weight-decay", "Decoupled weight decay of AdamW, on key and value.", Default.WeightDecay, w => w >= 0, "a finite number from 0");

    private readonly Option<float> labelSmoothing = CommonOptions.Number(
        "--label-smoothing", "Share of the target's probability that is spread over all tokens.", Default.LabelSmoothing, s => s is >= 0 and < 1, "a number from 0, below 1");

    private readonly Option<bool> noRetrofit = new("--no-retrofit") { Description = "Keep keys and values as they are born, without training." };

    private readonly Option<bool> retrofit = new("--retrofit") { Description = "Train keys and values after their birth, also where the model family's default is not to." };

    private readonly Option<ulong> seed = CommonOptions.Number(
        "--seed", "Seeds the sampling of out-of-scope prompts.", Default.Seed, _ => true, "a whole number from 0");

    private EditSettingsOptions()
    {
    }

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    public static EditSettingsOptions AddTo(Command command)
    {
        var o = new EditSettingsOptions();
        Option[] all =
        [
            o.layer, o.theta, o.alpha, o.epochs, o.learningRate, o.recWeight, o.irrWeight, o.weightDecay, o.labelSmoothing, o.retrofit, o.noRetrofit, o.seed,
        ];
        foreach (Option option in all) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(o.retrofit) && result.GetValue(o.noRetrofit)) result.AddError("--retrofit and --no-retrofit exclude each other.");
        });
        return o;
    }

    /// <summary>The block that was asked for; null leaves it to the store or the model.</summary>
    public int? Layer(ParseResult parse) => parse.GetValue(layer);

    /// <summary>Everything, with the defaults of the model's family.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="config">The model's architecture.</param>
    /// <param name="editedLayer">The block to edit.</param>
    public IReVaSettings Settings(ParseResult parse, ModelConfig config, int editedLayer)
    {
        IReVaSettings defaults = IReVaSettings.For(config, editedLayer);
        return defaults with
        {
            Theta = parse.GetValue(theta),
            Alpha = parse.GetValue(alpha) ?? defaults.Alpha,
            Retrofit = parse.GetValue(retrofit) || (defaults.Retrofit && !parse.GetValue(noRetrofit)),
            Epochs = parse.GetValue(epochs),
            LearningRate = parse.GetValue(learningRate) ?? defaults.LearningRate,
            WeightDecay = parse.GetValue(weightDecay),
            RecWeight = parse.GetValue(recWeight),
            IrrWeight = parse.GetValue(irrWeight),
            LabelSmoothing = parse.GetValue(labelSmoothing),
            Seed = parse.GetValue(seed),
        };
    }

    /// <summary>Says so where the family's default is not to train and nobody has asked for either.</summary>
    public void NoteDefaults(Terminal terminal, ParseResult parse, ModelConfig config)
    {
        if (!IReVaSettings.For(config).Retrofit && !parse.GetValue(retrofit) && !parse.GetValue(noRetrofit))
            terminal.Note($"note: {config.ModelType} models are edited without training unless --retrofit is given, as the method's authors did.");
    }
}
