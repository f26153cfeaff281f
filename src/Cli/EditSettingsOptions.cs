using System.CommandLine;
using System.CommandLine.Completions;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.AlphaEdit;
using Sharpformer.Editing.Methods.Emmet;
using Sharpformer.Editing.Methods.FineTuning;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.Locating;
using Sharpformer.Editing.Methods.Memit;
using Sharpformer.Editing.Methods.Pmet;
using Sharpformer.Editing.Methods.Rome;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Cli;

/// <summary>
/// The options that decide what an edit becomes. Most are iReVa's; a method refuses those that it does not know. What is not given
/// is as the session suggests it for the model.
/// </summary>
internal sealed class EditSettingsOptions
{
    private static readonly IReVaSettings Default = new() { Layer = 0 };

    private readonly Option<string> method = CommonOptions.Choice(
        "--method", $"How to edit: {string.Join(", ", EditorCatalog.All.Select(editor => editor.Name))}.",
        [.. EditorCatalog.All.Select(editor => editor.Name)], EditorCatalog.Default);

    private readonly Option<string?> variant = new("--variant")
    {
        Description = "Of ft: paper, ft-l or ft-m. Of rome: rome or r-rome. Of memit: memit or paper. Of emmet: emmet or easyedit. "
            + "[default: the first]",
        HelpName = "NAME",
        CompletionSources = { _ => EditorCatalog.All.SelectMany(editor => SettingsPreset.Variants(editor.Name))
            .Select(name => new CompletionItem(name)) },
    };

    private readonly Option<int?> batchSize = CommonOptions.OptionalNumber<int>(
        "--batch-size", "Of ft, memit, emmet, pmet and alphaedit: edits that are taught together, 0 for all. [default: the preset's]",
        b => b >= 0, "a whole number from 0");

    private readonly Option<int?> layers = CommonOptions.OptionalNumber<int>(
        "--layers", "Of memit, emmet, pmet and alphaedit: how many blocks are edited, --layer being the last. [default: the preset's]",
        l => l >= 1, "a whole number from 1");

    private readonly Option<bool> noCovariance = new("--no-covariance")
    {
        Description = "Of rome: do without statistics of the model's states.",
    };

    private readonly Option<int?> layer = CommonOptions.OptionalNumber<int>(
        "--layer", "Block to edit, counted from 0. [default: the store's, in a new store the last but one; of other methods the preset's]",
        l => l >= 0, "a block, counted from 0");

    private readonly Option<float?> theta = CommonOptions.OptionalNumber<float>(
        "--theta",
        "A new neuron fires when a prompt's state correlates with its own prompt's by more than this; lower generalises further and spills "
            + $"over more. {Usually(Default.Theta)}",
        t => t is > 0 and < 1, "a number between 0 and 1, both exclusive");

    private readonly Option<float?> alpha = CommonOptions.OptionalNumber<float>(
        "--alpha", "Scales what a firing neuron adds; narrow models need more than wide ones. "
            + Usually(Default.Alpha),
        a => a != 0, "a finite number other than 0");

    private readonly Option<int?> epochs = CommonOptions.OptionalNumber<int>(
        "--epochs", $"Training steps per neuron. {Usually(Default.Epochs)}", e => e is >= 1 and <= 100_000,
        "a whole number from 1 to 100000 (or use --no-retrofit)");

    private readonly Option<float?> learningRate = CommonOptions.OptionalNumber<float>(
        "--learning-rate",
        $"Learning rate of AdamW. {Usually(Default.LearningRate)}",
        r => r > 0, "a finite number above 0");

    private readonly Option<float?> recWeight = CommonOptions.OptionalNumber<float>(
        "--rec-weight", $"Weight of the loss that keeps a key answering its own prompt. {Usually(Default.RecWeight)}", w => w >= 0,
        "a finite number from 0");

    private readonly Option<float?> irrWeight = CommonOptions.OptionalNumber<float>(
        "--irr-weight",
        $"Weight of the loss that keeps a key silent on out-of-scope prompts; 0 samples none. {Usually(Default.IrrWeight)}",
        w => w >= 0,
        "a finite number from 0");

    private readonly Option<float?> weightDecay = CommonOptions.OptionalNumber<float>(
        "--weight-decay", $"Decoupled weight decay of AdamW, on key and value. {Usually(Default.WeightDecay)}", w => w >= 0,
        "a finite number from 0");

    private readonly Option<float?> labelSmoothing = CommonOptions.OptionalNumber<float>(
        "--label-smoothing", $"Share of the target's probability that is spread over all tokens. {Usually(Default.LabelSmoothing)}",
        s => s is >= 0 and < 1,
        "a number from 0, below 1");

    private readonly Option<bool> noRetrofit = new("--no-retrofit")
    {
        Description = "Keep keys and values as they are born, without training.",
    };

    private readonly Option<bool> asPublished = new("--as-published")
    {
        Description = "Follow the paper's arithmetic to the letter, for its tables: answers of several tokens then run into one another.",
    };

    private readonly Option<bool> retrofit = new("--retrofit")
    {
        Description = "Train keys and values after their birth, also where the model family's default is not to.",
    };

    private readonly Option<ulong?> seed = CommonOptions.OptionalNumber<ulong>(
        "--seed", $"Seeds the sampling of out-of-scope prompts. {Usually(Default.Seed)}", _ => true, "a whole number from 0");

    private EditSettingsOptions()
    {
    }

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    public static EditSettingsOptions AddTo(Command command)
    {
        var o = new EditSettingsOptions();
        Option[] all =
        [
            o.method, o.variant, o.batchSize, o.layers, o.noCovariance, o.layer, o.theta, o.alpha, o.epochs, o.learningRate, o.recWeight,
            o.irrWeight, o.weightDecay, o.labelSmoothing, o.retrofit, o.noRetrofit, o.asPublished, o.seed,
        ];
        foreach (Option option in all) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(o.retrofit) && result.GetValue(o.noRetrofit))
                result.AddError("--retrofit and --no-retrofit exclude each other.");
            string asked = result.GetValue(o.method) ?? EditorCatalog.Default;
            Option[] known = o.KnownTo(asked, all);
            if (result.GetResult(o.variant) is { Tokens: [{ Value: var named }] } && known.Contains(o.variant)
                && SettingsPreset.Variants(asked) is var names && !names.Contains(named))
                result.AddError($"--variant is '{named}', of method {asked} {CommonOptions.Expected(named, names)}");
            foreach (Option option in all)
            {
                if (result.GetResult(option) is { Implicit: false } && !known.Contains(option))
                {
                    string takes = string.Join(", ", known.Select(one => one.Name));
                    result.AddError($"{option.Name} is not an option of method {asked}; it takes {takes}.");
                }
            }
        });
        return o;
    }

    private Option[] KnownTo(string asked, Option[] all) => asked switch
    {
        FineTuningSettings.Name => [method, variant, batchSize, layer, epochs, learningRate],
        RomeSettings.Name => [method, variant, noCovariance, layer, learningRate, seed],
        MemitSettings.Name or EmmetSettings.Name => [method, variant, batchSize, layers, layer, learningRate, seed],
        PmetSettings.Name or AlphaEditSettings.Name => [method, batchSize, layers, layer, learningRate, seed],
        IReVaSettings.Name => [.. all.Except([variant, batchSize, layers, noCovariance])],
        _ => [method],
    };

    /// <summary>Makes sure that the model has the block that was asked for.</summary>
    /// <exception cref="InputException">It has not.</exception>
    public void Check(ParseResult parse, ModelConfig config) => CheckLayer(parse.GetValue(layer), config);

    /// <inheritdoc cref="Check"/>
    public static void CheckLayer(int? layer, ModelConfig config)
    {
        if (layer is { } asked && asked >= config.NLayer)
            throw new InputException($"--layer is {asked}, the model's blocks are 0 to {config.NLayer - 1}.");
    }

    /// <summary>Everything, with what suits the model where nothing is said, and the store's block.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="session">The model, and the store that the edits are for.</param>
    /// <exception cref="InputException">There is no such method or variant.</exception>
    public EditSettings Settings(ParseResult parse, Session session)
    {
        string asked = parse.GetRequiredValue(method);
        return (asked, parse.GetValue(variant)) switch
        {
            (FineTuningSettings.Name, { } named) => With(parse, FineTuningSettings.For(session.Model.Config, named)),
            (RomeSettings.Name, { } named) => With(parse, RomeSettings.For(session.Model.Config, named)),
            (MemitSettings.Name, { } named) => With(parse, MemitSettings.For(session.Model.Config, named)),
            (EmmetSettings.Name, { } named) => With(parse, EmmetSettings.For(session.Model.Config, named)),
            _ => With(parse, session.SettingsFor(asked)),
        };
    }

    /// <summary>The same, but what is not said is as it was with an edit; unless another method or a variant is asked for.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="session">The model.</param>
    /// <param name="before">How the edit was made.</param>
    /// <exception cref="InputException">There is no such method or variant.</exception>
    public EditSettings Settings(ParseResult parse, Session session, EditSettings before)
    {
        bool isOther = parse.GetResult(method) is { Implicit: false } && parse.GetRequiredValue(method) != before.Method;
        return isOther || parse.GetValue(variant) is not null ? Settings(parse, session) : With(parse, before);
    }

    private EditSettings With(ParseResult parse, EditSettings settings) => settings switch
    {
        IReVaSettings ireva => IReVa(parse, ireva),
        FineTuningSettings ft => FineTuning(parse, ft),
        RomeSettings rome => Rome(parse, rome),
        BatchSettings batch => Batch(parse, batch),
        _ => settings,
    };

    private FineTuningSettings FineTuning(ParseResult parse, FineTuningSettings preset)
    {
        return preset with
        {
            Layer = parse.GetValue(layer) ?? preset.Layer,
            Epochs = parse.GetValue(epochs) ?? preset.Epochs,
            LearningRate = parse.GetValue(learningRate) ?? preset.LearningRate,
            Batch = parse.GetValue(batchSize) ?? preset.Batch,
        };
    }

    private RomeSettings Rome(ParseResult parse, RomeSettings preset)
    {
        return preset with
        {
            Layer = parse.GetValue(layer) ?? preset.Layer,
            LearningRate = parse.GetValue(learningRate) ?? preset.LearningRate,
            Covariance = preset.Covariance && !parse.GetValue(noCovariance),
            Seed = parse.GetValue(seed) ?? preset.Seed,
        };
    }

    private BatchSettings Batch(ParseResult parse, BatchSettings preset)
    {
        int last = parse.GetValue(layer) ?? preset.Layer;
        return preset with
        {
            Layer = last,
            Layers = parse.GetValue(layers) ?? Math.Min(preset.Layers, last + 1),
            BatchSize = parse.GetValue(batchSize) ?? preset.BatchSize,
            LearningRate = parse.GetValue(learningRate) ?? preset.LearningRate,
            Seed = parse.GetValue(seed) ?? preset.Seed,
        };
    }

    private IReVaSettings IReVa(ParseResult parse, IReVaSettings defaults)
    {
        return defaults with
        {
            Layer = parse.GetValue(layer) ?? defaults.Layer,
            Theta = parse.GetValue(theta) ?? defaults.Theta,
            Alpha = parse.GetValue(alpha) ?? defaults.Alpha,
            Retrofit = parse.GetValue(retrofit) || (defaults.Retrofit && !parse.GetValue(noRetrofit)),
            Epochs = parse.GetValue(epochs) ?? defaults.Epochs,
            LearningRate = parse.GetValue(learningRate) ?? defaults.LearningRate,
            WeightDecay = parse.GetValue(weightDecay) ?? defaults.WeightDecay,
            RecWeight = parse.GetValue(recWeight) ?? defaults.RecWeight,
            IrrWeight = parse.GetValue(irrWeight) ?? defaults.IrrWeight,
            LabelSmoothing = parse.GetValue(labelSmoothing) ?? defaults.LabelSmoothing,
            AsPublished = parse.GetValue(asPublished) || defaults.AsPublished,
            Seed = parse.GetValue(seed) ?? defaults.Seed,
        };
    }

    /// <summary>What an option is where it is not given; settings of other methods have other defaults.</summary>
    private static string Usually<T>(T value) =>
        FormattableString.Invariant($"[default: the model's, {value} unless 'model info' says otherwise]");

    /// <summary>Says so where the model's default is not to train and nobody has asked for either.</summary>
    public void NoteDefaults(Terminal terminal, ParseResult parse, Session session)
    {
        if (parse.GetRequiredValue(method) != IReVaSettings.Name) return;
        if (session.SettingsFor() is IReVaSettings { Retrofit: false } && !parse.GetValue(retrofit) && !parse.GetValue(noRetrofit))
        {
            terminal.Note(
                $"note: {session.Model.Config.ModelType} models are edited without training unless --retrofit is given, "
                    + "as the method's authors did.");
        }
    }
}
