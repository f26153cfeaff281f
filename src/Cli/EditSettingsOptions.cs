using System.CommandLine;
using System.CommandLine.Completions;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.ScopedIReVa;
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
        "--method", $"How to edit: {string.Join(", ", EditorCatalog.All.Select(editor => editor.Name))}. "
            + $"[default: {ScopedSettings.Name} where each prompt names its subject, unless the store's edits are "
            + $"{EditorCatalog.Default}'s; else {EditorCatalog.Default}]",
        [.. EditorCatalog.All.Select(editor => editor.Name)]);

    private readonly Option<string?> variant = new("--variant")
    {
        Description = "A variant as it was published. "
            + string.Concat(EditorCatalog.All.Select(editor => (editor.Name, Names: SettingsPreset.Variants(editor.Name)))
                .Where(one => one.Names.Count > 1).Select(one => $"Of {one.Name}: {string.Join(", ", one.Names)}. "))
            + "[default: the method's own]",
        HelpName = "NAME",
        CompletionSources = { _ => EditorCatalog.All.SelectMany(editor => SettingsPreset.Variants(editor.Name))
            .Select(name => new CompletionItem(name)) },
    };

    private readonly Option<string[]> set = new("--set")
    {
        Description = "Any setting of the method by its name, for example lambda=100; 'edits show' and a wrong name tell the names. "
            + "Repeat it for more.",
        HelpName = "NAME=VALUE",
    };

    private readonly Option<int?> batchSize = CommonOptions.OptionalNumber<int>(
        "--batch-size", "Of methods that teach in batches: edits that are taught together, 0 for all. [default: the preset's]",
        b => b >= 0, "a whole number from 0");

    private readonly Option<int?> layers = CommonOptions.OptionalNumber<int>(
        "--layers", "Of methods that edit several blocks: how many, --layer being the last. [default: the preset's]",
        l => l >= 1, "a whole number from 1");

    private readonly Option<bool> noCovariance = new("--no-covariance")
    {
        Description = "Of rome: do without statistics of the model's states.",
    };

    private readonly Option<string> net = CommonOptions.File(
        "--net", "Of mend, ke and malmen: the file of the trained network, see 'train-editor'. [default: beside the model's folder, as "
            + "facts-gpt2.mend.safetensors]",
        required: false);

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
        "--weight-decay", $"Decoupled weight decay of AdamW, on key and value; of methods that search a value, what its length counts. "
            + Usually(Default.WeightDecay), w => w >= 0,
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

    private EditSettingsOptions() => set.Validators.Add(result =>
    {
        string[] names = [.. result.Tokens.Select(token => token.Value.Split('=')[0].Trim())];
        foreach (string text in result.Tokens.Select(token => token.Value))
            if (text.IndexOf('=', StringComparison.Ordinal) < 1) result.AddError($"--set is '{text}', expected NAME=VALUE.");
        foreach (string name in names.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key))
            result.AddError($"--set names '{name}' twice.");
    });

    /// <summary>Gives <paramref name="command"/> these options.</summary>
    public static EditSettingsOptions AddTo(Command command)
    {
        var o = new EditSettingsOptions();
        Option[] all = [o.method, o.variant, .. o.Named.Select(one => one.Option).Distinct(), o.set];
        foreach (Option option in all) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(o.retrofit) && result.GetValue(o.noRetrofit))
                result.AddError("--retrofit and --no-retrofit exclude each other.");
            string asked = result.GetValue(o.method) ?? EditorCatalog.Default; // which has all that the other default has
            if (!EditorCatalog.All.Any(editor => editor.Name == asked)) return; // which the option itself refuses
            Option[] known = o.KnownTo(asked);
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

    /// <summary>Makes sure that the model has the block that was asked for.</summary>
    /// <exception cref="InputException">It has not.</exception>
    public void Check(ParseResult parse, ModelConfig config) => CheckLayer(parse.GetValue(layer), config);

    /// <inheritdoc cref="Check"/>
    public static void CheckLayer(int? layer, ModelConfig config)
    {
        if (layer is { } asked && asked >= config.NLayer)
            throw new InputException($"--layer is {asked}, the model's blocks are 0 to {config.NLayer - 1}.");
    }

    /// <summary>The trained network that was named; null for none.</summary>
    public string? Net(ParseResult parse) => parse.GetValue(net);

    /// <summary>Everything, with what suits the model where nothing is said, and the store's block.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="session">The model, and the store that the edits are for.</param>
    /// <param name="requests">What is to be taught: it decides on the method where none is named.</param>
    /// <exception cref="InputException">There is no such method, variant or setting, or no trained network that it needs.</exception>
    public EditSettings Settings(ParseResult parse, Session session, IReadOnlyList<TokenizedRequest> requests) =>
        SettingsOf(MethodFor(parse, session, requests), parse, session);

    private EditSettings SettingsOf(string asked, ParseResult parse, Session session)
    {
        EditSettings usual = session.SettingsFor(asked, parse.GetValue(variant));
        EditSettings settings = session.WithNet(usual, Net(parse)), wanted = With(parse, settings, session.Model.Config);
        return settings == usual || wanted == settings ? wanted : throw new InputException(
            $"A trained network makes edits of method {settings.Method} as it was trained to, with settings of its own.",
            "leave those out, or train another network with them.");
    }

    /// <summary>The same, but what is not said is as it was with an edit; unless another method or a variant is asked for.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="session">The model.</param>
    /// <param name="before">How the edit was made.</param>
    /// <exception cref="InputException">There is no such method, variant or setting.</exception>
    public EditSettings Settings(ParseResult parse, Session session, EditSettings before)
    {
        string asked = parse.GetValue(method) ?? before.Method;
        bool isAnew = asked != before.Method || parse.GetValue(variant) is not null;
        return isAnew ? SettingsOf(asked, parse, session) : With(parse, before, session.Model.Config);
    }

    /// <summary>The one that is named; else what suits the requests and has all options that are given.</summary>
    private string MethodFor(ParseResult parse, Session session, IReadOnlyList<TokenizedRequest> requests)
    {
        if (parse.GetValue(method) is { } asked) return asked;
        if (parse.GetValue(theta) is not null) return EditorCatalog.Default; // whose θ is what --theta has always meant
        IEnumerable<string> named = Set(parse.GetValue(set) ?? []).Select(one => one.Name);
        if (named.Intersect(NamedSettings.NamesOf(ScopedSettings.Name)).Except(NamedSettings.NamesOf(EditorCatalog.Default)).Any())
            return ScopedSettings.Name;
        string suits = session.MethodFor(requests);
        Option[] known = KnownTo(suits);
        return Named.All(one => known.Contains(one.Option) || parse.GetResult(one.Option) is not { Implicit: false })
            ? suits
            : EditorCatalog.Default;
    }

    /// <summary>The options that stand for a setting each, by the setting's name; where two do, one of them is given.</summary>
    private (Option Option, string Setting, Func<ParseResult, JsonNode?> Value)[] Named =>
    [
        (layer, "layer", parse => parse.GetValue(layer)),
        (layers, "layers", parse => parse.GetValue(layers)),
        (batchSize, "batchSize", parse => parse.GetValue(batchSize)),
        (batchSize, "batch", parse => parse.GetValue(batchSize)),
        (noCovariance, "covariance", parse => parse.GetValue(noCovariance) ? JsonValue.Create(false) : null),
        (theta, "theta", parse => parse.GetValue(theta)),
        (alpha, "alpha", parse => parse.GetValue(alpha)),
        (epochs, "epochs", parse => parse.GetValue(epochs)),
        (learningRate, "learningRate", parse => parse.GetValue(learningRate)),
        (recWeight, "recWeight", parse => parse.GetValue(recWeight)),
        (irrWeight, "irrWeight", parse => parse.GetValue(irrWeight)),
        (weightDecay, "weightDecay", parse => parse.GetValue(weightDecay)),
        (labelSmoothing, "labelSmoothing", parse => parse.GetValue(labelSmoothing)),
        (retrofit, "retrofit", parse => parse.GetValue(retrofit) ? JsonValue.Create(true) : null),
        (noRetrofit, "retrofit", parse => parse.GetValue(noRetrofit) ? JsonValue.Create(false) : null),
        (asPublished, "asPublished", parse => parse.GetValue(asPublished) ? JsonValue.Create(true) : null),
        (seed, "seed", parse => parse.GetValue(seed)),
        (net, "net", _ => null), // which settings are its own, and not what is said here
    ];

    /// <summary>Why a method was picked that a user may not expect; null where there is nothing to be told.</summary>
    private static string? Picked(Session session, IReadOnlyList<TokenizedRequest> requests, EditSettings taken)
    {
        if (taken is ScopedSettings) return "each prompt names its subject";
        if (taken is not IReVaSettings || requests.All(request => request.Request.Subject is null)) return null;
        IReadOnlyList<TokenizedRequest> unnamed = session.Unnamed(requests);
        if (unnamed.Count == 0 || unnamed.Count == requests.Count) return null; // an option's doing; all of a kind
        if (session.MethodFor([requests.Except(unnamed).First()]) == taken.Method) return null; // the store's
        return $"{unnamed.Count} of {requests.Count} prompts do not name their subject (the first is "
            + $"{Terminal.Quoted(unnamed[0].Request.Prompt)})";
    }

    private Option[] KnownTo(string asked)
    {
        IReadOnlyList<string> names = NamedSettings.NamesOf(asked);
        Option[] settings = [.. Named.Where(one => names.Contains(one.Setting)).Select(one => one.Option).Distinct()];
        return [method, .. SettingsPreset.Variants(asked).Count > 0 ? [variant] : Array.Empty<Option>(), .. settings, set];
    }

    private EditSettings With(ParseResult parse, EditSettings settings, ModelConfig config)
    {
        IReadOnlyList<string> names = NamedSettings.NamesOf(settings.Method);
        var given = new JsonObject();
        foreach ((_, string setting, Func<ParseResult, JsonNode?> value) in Named)
            if (names.Contains(setting) && value(parse) is { } node) given[setting] = node;
        foreach ((string name, JsonNode? value) in Set(parse.GetValue(set) ?? [])) given[name] = value;
        if (given["layer"] is JsonValue last && names.Contains("layers") && !given.ContainsKey("layers") && last.TryGetValue(out int block))
        {
            int usual = JsonNode.Parse(settings.ToJson())!["layers"]!.GetValue<int>();
            given["layers"] = Math.Min(usual, block + 1); // there are no more blocks below it
        }

        return NamedSettings.With(settings, JsonSerializer.SerializeToElement(given, CliJson.Default.JsonObject), config, set.Name);
    }

    /// <summary>What --set names: a number, true, false or null as such, anything else as a text.</summary>
    private static IEnumerable<(string Name, JsonNode? Value)> Set(IEnumerable<string> texts)
    {
        foreach (string text in texts)
        {
            int at = text.IndexOf('=', StringComparison.Ordinal);
            yield return (text[..at].Trim(), Value(text[(at + 1)..].Trim()));
        }

        static JsonNode? Value(string text)
        {
            try
            {
                return JsonNode.Parse(text) is var node and (null or JsonValue) ? node : JsonValue.Create(text);
            }
            catch (JsonException)
            {
                return JsonValue.Create(text);
            }
        }
    }

    /// <summary>What an option is where it is not given; settings of other methods have other defaults.</summary>
    private static string Usually<T>(T value) =>
        FormattableString.Invariant($"[default: the model's, {value} unless 'model info' says otherwise]");

    /// <summary>Says so where the model's default is not to train and nobody has asked for either.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="parse">The command line.</param>
    /// <param name="session">The model.</param>
    /// <param name="requests">What is to be taught.</param>
    /// <param name="taken">What <see cref="Settings(ParseResult, Session, IReadOnlyList{TokenizedRequest})"/> gave.</param>
    public void NoteDefaults(
        Terminal terminal, ParseResult parse, Session session, IReadOnlyList<TokenizedRequest> requests, EditSettings taken)
    {
        if (parse.GetValue(method) is null && Picked(session, requests, taken) is { } why)
            terminal.Note($"note: taught by {taken.Method}, as {why}; --method names another.");
        if (taken is IReVaSettings { Retrofit: false } or ScopedSettings { Retrofit: false }
            && !parse.GetValue(retrofit) && !parse.GetValue(noRetrofit))
        {
            terminal.Note(
                $"note: {session.Model.Config.ModelType} models are edited without training unless --retrofit is given, "
                    + "as the method's authors did.");
        }
    }
}
