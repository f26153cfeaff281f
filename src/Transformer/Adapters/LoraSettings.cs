using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Adapters;

/// <summary>
/// What <c>adapter_config.json</c> of a PEFT folder says of a LoRA (Hu et al. 2021). Of <c>fan_in_fan_out</c> it is not asked: how the
/// base model stores a matrix decides, as PEFT itself has it.
/// </summary>
/// <param name="BaseModel">The model it was trained on, where that is said.</param>
/// <param name="Targets">Which modules have pairs of matrices.</param>
/// <param name="ModulesToSave">Ends of the names of modules that are replaced as a whole.</param>
internal sealed record LoraSettings(string? BaseModel, TargetModules Targets, IReadOnlyList<string> ModulesToSave)
{
    /// <summary>Where it is written.</summary>
    public const string FileName = "adapter_config.json";

    /// <summary>What PEFT calls a LoRA.</summary>
    public const string Kind = "LORA";

    private const int MaxRank = Training.LoraPlan.MaxRank;

    // Each would make another model of the same tensors. Null, false and an empty list or object are as good as absent.
    private static readonly (string Key, string What)[] Refused =
    [
        ("use_dora", "magnitudes beside the matrices (DoRA)"), ("use_qalora", "pooled inputs (QALoRA)"),
        ("lora_bias", "biases in lora_B"), ("layer_replication", "blocks that are there several times"),
        ("trainable_token_indices", "single rows of the token table"), ("target_parameters", "parameters that are no module's weight"),
        ("alora_invocation_tokens", "weights that change within a text (aLoRA)"), ("arrow_config", "a router between adapters (Arrow)"),
        ("use_bdlora", "block-diagonal matrices (BD-LoRA)"), ("ensure_weight_tying", "a token table and a head that change together"),
    ];

    // These begin with B·A = 0. Others (pissa, olora, corda, loftq, …) begin with a part of the weights, which the base model then lacks.
    private static readonly string[] PlainBeginnings = ["gaussian", "eva", "orthogonal"];

    private readonly List<(ModulePattern Pattern, int Value)> ranks = [];
    private readonly List<(ModulePattern Pattern, double Value)> alphas = [];
    private int rank;
    private double alpha;
    private bool isRankStabilized;

    /// <summary>Reads the file of an adapter's folder.</summary>
    /// <exception cref="InputException">It is missing or damaged, or the adapter is of a kind that is not applied.</exception>
    public static LoraSettings Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!Path.Exists(path))
            throw new InputException(
                $"{folder}: no {FileName}, expected the folder of a LoRA adapter as PEFT saves it.",
                Path.Exists(Path.Combine(folder, "config.json")) ? "this is a model: name it with --model." : null);
        return JsonPart.Read(path, "it describes the adapter.", Of);
    }

    /// <summary>A module of these families in the model's own names, which patterns are compared with.</summary>
    public static string FullName(string module) => module == "lm_head" ? module : "transformer." + module;

    /// <summary>r: the rank of a module's matrices.</summary>
    public int RankOf(string module) => First(ranks, module, rank);

    /// <summary>What B·A is multiplied with: α/r, or α/√r where it is rank-stabilized (Kalajdzievski 2023).</summary>
    public float ScaleOf(string module)
    {
        int r = RankOf(module);
        return (float)(First(alphas, module, alpha) / (isRankStabilized ? Math.Sqrt(r) : r));
    }

    /// <summary>Whether a module is replaced as a whole by its own account, rather than written over along with others.</summary>
    public bool Replaces(string module) => ModulesToSave.Any(end => module.EndsWith(end, StringComparison.Ordinal));

    /// <summary>The settings of a file.</summary>
    public static LoraSettings Of(JsonPart file)
    {
        string kind = file.Text("peft_type")
            ?? throw new InputException($"{file.Where}: peft_type is missing, expected LORA.", "was it saved by PEFT?");
        if (kind != Kind)
            throw new InputException($"{file.Where}: the adapter is {Quoted.Text(kind)}, expected LORA.", "of the others none is applied.");
        foreach ((string key, string what) in Refused)
            if (file.Find(key) is { } part && IsSaid(part.Value))
                throw new InputException($"{file.Where}: {key} is set: {what}, which is not applied.", "merge it with PEFT.");
        if (file.Find("init_lora_weights") is { Value.ValueKind: JsonValueKind.String } beginning
            && !PlainBeginnings.Contains(beginning.AsText()))
            throw new InputException(
                $"{beginning.Where} is {Quoted.Text(beginning.AsText())}: such training begins with a part of the weights, which the base "
                + "model must then lack.",
                "save it as a plain LoRA (path_initial_model_for_weight_conversion), or merge it with PEFT.");
        if (file.Text("bias") is { } bias && bias is not ("none" or "all" or "lora_only"))
            throw file.Need("bias").Unexpected("\"none\", \"all\" or \"lora_only\"");
        string[] saved = [.. file.Find("modules_to_save")?.Elements().Select(part => part.AsText()) ?? []];
        var settings = new LoraSettings(file.Text("base_model_name_or_path"), new TargetModules(file), saved)
        {
            rank = file.Size("r", MaxRank),
            alpha = Number(file.Need("lora_alpha")),
            isRankStabilized = file.Flag("use_rslora", false),
        };
        foreach ((string key, JsonPart value) in file.Find("rank_pattern")?.Members() ?? [])
            settings.ranks.Add((
                ModulePattern.FromWord($"{file.Where}: rank_pattern", key),
                value.AsWhole(1, MaxRank) ?? throw value.Unexpected($"a whole number from 1 to {MaxRank}")));
        foreach ((string key, JsonPart value) in file.Find("alpha_pattern")?.Members() ?? [])
            settings.alphas.Add((ModulePattern.FromWord($"{file.Where}: alpha_pattern", key), Number(value)));
        return settings;
    }

    // The first pattern that matches counts, in the order of the file.
    private static T First<T>(List<(ModulePattern Pattern, T Value)> patterns, string module, T otherwise)
    {
        foreach ((ModulePattern pattern, T value) in patterns)
            if (pattern.Matches(module)) return value;
        return otherwise;
    }

    private static bool IsSaid(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => false,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => true,
    };

    private static double Number(JsonPart part) => part.AsNumber() is { } number && Math.Abs(number) <= 1e9
        ? number
        : throw part.Unexpected("a number of at most 1e9");
}
