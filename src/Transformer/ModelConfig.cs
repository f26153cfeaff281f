using System.Text.Json;
using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Checkpoints;
using Sharpformer.Transformer.Families;
using Sharpformer.Transformer.Tokenization;

namespace Sharpformer.Transformer;

/// <summary>
/// The architecture of a checkpoint, in one vocabulary for all families: what a family's <c>config.json</c> calls
/// otherwise, or leaves to its name, its file under <c>Families/</c> translates.
/// </summary>
public sealed record ModelConfig
{
    /// <summary>Family name, <c>model_type</c>.</summary>
    public required string ModelType { get; init; }

    /// <summary>C: width of the residual stream.</summary>
    public required int NEmbd { get; init; }

    /// <summary>L: number of blocks.</summary>
    public required int NLayer { get; init; }

    /// <summary>H: attention heads per block.</summary>
    public required int NHead { get; init; }

    /// <summary>Longest sequence the model was made for.</summary>
    public required int NPositions { get; init; }

    /// <summary>V: rows of the token table, which may be more than the tokenizer has tokens.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width inside the MLP; 4·C unless stated.</summary>
    public required int NInner { get; init; }

    /// <summary>ε of the layer norms.</summary>
    public float LayerNormEpsilon { get; init; } = 1e-5f;

    /// <summary>The MLP's activation; the adaptor beside it uses the same.</summary>
    public Activation Activation { get; init; } = Activation.GeluTanh;

    /// <summary>Whether scores are divided by √(C/H) before the softmax; GPT-Neo's are not.</summary>
    public bool ScalesAttention { get; init; } = true;

    /// <summary>Whether block l's scores are divided by l+1 besides.</summary>
    public bool ScalesAttentionByLayer { get; init; }

    /// <summary>How many positions each block's attention sees at most, itself included, 0 for all; empty when all see all.</summary>
    public IReadOnlyList<int> Windows { get; init; } = [];

    /// <summary>R: channels of each head that turn with the position; 0 where a table of positions is learnt instead.</summary>
    public int RotaryDim { get; init; }

    /// <summary>Whether the token table is the output head too.</summary>
    public bool TiesHead { get; init; } = true;

    /// <summary>Whether the file leaves <see cref="TiesHead"/> to the family: a head stored beside the token table then counts.</summary>
    internal bool LeavesTieUnsaid { get; init; }

    /// <summary><c>bos_token_id</c>: the token a text may begin with, where the file names one.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>The first of <see cref="EosTokenIds"/>.</summary>
    public int? EosTokenId => EosTokenIds.Count > 0 ? EosTokenIds[0] : null;

    /// <summary><c>eos_token_id</c>: the tokens that a text ends with, each of them alone; none where no file names any.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary><c>pad_token_id</c>: the token that fills up a batch, where the file names one.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>
    /// Reads <c>config.json</c> of a model folder, and of <c>generation_config.json</c> the special tokens, which override it. A checkpoint
    /// of nanoGPT needs neither.
    /// </summary>
    /// <exception cref="InputException">The file is missing, unreadable, or describes a model this engine does not run.</exception>
    public static ModelConfig Load(string folder)
    {
        if (!Directory.Exists(folder))
            throw new InputException($"{folder}: no such folder, expected a model folder with config.json and weights.");
        string path = Path.Combine(folder, "config.json");
        ModelConfig config;
        if (Path.Exists(path)) config = JsonPart.Read(path, "it describes the model's architecture.", Read);
        else if (NanoGpt.In(folder) is { } made) config = JsonPart.Of($"{made.Path}: model_args", made.Config, Read);
        else throw new InputException($"{path}: no such file.", HintFor(folder));
        SpecialTokens special = SpecialTokens.OfModel(folder);
        return config with { BosTokenId = special.Bos, EosTokenIds = special.Eos, PadTokenId = special.Pad };
    }

    /// <summary>The same with another number of blocks, whose windows go on as they began.</summary>
    public ModelConfig WithBlocks(int count) => this with
    {
        NLayer = count,
        Windows = [.. Enumerable.Range(0, Windows.Count == 0 ? 0 : count).Select(l => Windows[l % Windows.Count])],
    };

    /// <summary>How many positions block <paramref name="layer"/>'s attention sees at most, itself included; 0 for all.</summary>
    public int Window(int layer) => Windows.Count == 0 ? 0 : Windows[layer];

    /// <summary>What block <paramref name="layer"/>'s scores are multiplied with before the softmax.</summary>
    public float AttentionScale(int layer)
    {
        float scale = ScalesAttention ? 1 / MathF.Sqrt(NEmbd / NHead) : 1;
        return ScalesAttentionByLayer ? scale / (layer + 1) : scale;
    }

    /// <summary>How <c>config.json</c> names the type of the weights.</summary>
    internal static string TorchName(DType dtype) => dtype switch
    {
        DType.F16 => "float16",
        DType.BF16 => "bfloat16",
        DType.Q8 => "int8",
        _ => "float32",
    };

    private static string HintFor(string folder)
    {
        // The hub's client keeps what it downloads one level down for each version, and people name the folder above.
        string snapshots = Path.Combine(folder, "snapshots");
        return Directory.Exists(snapshots) && Directory.GetDirectories(snapshots) is { Length: > 0 } versions
            ? $"this is a cache of downloads, name the version in it: {versions.Max(StringComparer.Ordinal)}"
            : ForeignFolder.Hint(folder)
                ?? "a model folder holds config.json, weights (model.safetensors or pytorch_model.bin) and a tokenizer.";
    }

    /// <summary>The architecture that a <c>config.json</c> describes.</summary>
    /// <exception cref="InputException">It describes a model this engine does not run.</exception>
    internal static ModelConfig Read(JsonPart file)
    {
        string type = file.Text("model_type") ?? Family.OfArchitectures(file)?.ModelType ?? "(none)";
        string supported = string.Join(", ", Family.All.Select(f => f.ModelType));
        Family family = Family.Named(type)
            ?? throw new InputException($"{file.Where}: model_type is {Quoted.Text(type)}, supported: {supported}.");
        if (file.Find("quantization_config") is { } quantized)
        {
            string method = quantized.Value.ValueKind == JsonValueKind.Object && quantized.Find("quant_method") is { } named
                ? $" by {Quoted.Text(named.AsText())}" : "";
            throw new InputException(
                $"{quantized.Where}: the model is quantized{method}, expected weights in F32, F16, BF16 or F64.",
                "take the checkpoint that it was made from.");
        }

        ModelConfig config = family.Read(file);
        if (config.NEmbd % config.NHead != 0)
            throw new InputException($"{file.Where}: {config.NHead} attention heads do not divide a width of {config.NEmbd}.");
        return config;
    }
}
