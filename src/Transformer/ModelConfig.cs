using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>The architecture of a checkpoint, as its <c>config.json</c> states it.</summary>
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

    /// <summary>Longest sequence the position table covers.</summary>
    public required int NPositions { get; init; }

    /// <summary>V: rows of the token table.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width inside the MLP; 4·C unless stated.</summary>
    public required int NInner { get; init; }

    /// <summary>ε of the layer norms.</summary>
    public required float LayerNormEpsilon { get; init; }

    /// <summary>The MLP's activation; the adaptor beside it uses the same.</summary>
    public Activation Activation { get; init; } = Activation.GeluTanh;

    /// <summary><c>bos_token_id</c>: the token a text may begin with, where the file names one.</summary>
    public int? BosTokenId { get; init; }

    /// <summary><c>eos_token_id</c>: the token a text ends with, where the file names one.</summary>
    public int? EosTokenId { get; init; }

    /// <summary><c>pad_token_id</c>: the token that fills up a batch, where the file names one.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Reads <c>config.json</c> of a model folder.</summary>
    /// <exception cref="InputException">The file is missing, unreadable, or describes a model this engine does not run.</exception>
    public static ModelConfig Load(string folder)
    {
        if (!Directory.Exists(folder))
            throw new InputException($"{folder}: no such folder, expected a model folder with config.json and model.safetensors.");
        string path = Path.Combine(folder, "config.json");
        if (!File.Exists(path))
            throw new InputException($"{path}: no such file.", "a model folder holds config.json, model.safetensors, vocab.json and merges.txt.");
        try
        {
            // Otherwise a key that appears twice is noticed only when a value is asked for, as an ArgumentException.
            var strict = new JsonDocumentOptions { AllowDuplicateProperties = false };
            JsonObject json = JsonNode.Parse(File.ReadAllText(path), documentOptions: strict) as JsonObject
                ?? throw new InputException($"{path}: expected a JSON object.");
            return Parse(json, path);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException($"{path}: not valid JSON ({Quoted.Position(e)}).", inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({e.Message})", inner: e);
        }
    }

    private static ModelConfig Parse(JsonObject json, string path)
    {
        string type = Text(json, "model_type", path) ?? "(none)";
        if (type != "gpt2") throw new InputException($"{path}: model_type is {type}, supported: gpt2.");
        string activation = Text(json, "activation_function", path) ?? "gelu_new";
        if (activation is not ("gelu_new" or "gelu_pytorch_tanh"))
            throw new InputException($"{path}: activation_function is {activation}, supported: gelu_new, gelu_pytorch_tanh.");
        foreach (string option in (ReadOnlySpan<string>)["scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn"])
            if (json[option] is JsonValue flag && flag.TryGetValue(out bool set) && set)
                throw new InputException($"{path}: {option} is true, supported: false.");

        int nEmbd = Whole(json, "n_embd", path), nHead = Whole(json, "n_head", path);
        if (nEmbd % nHead != 0) throw new InputException($"{path}: n_embd {nEmbd} is not a multiple of n_head {nHead}.");
        return new ModelConfig
        {
            ModelType = type,
            NEmbd = nEmbd,
            NHead = nHead,
            NLayer = Whole(json, "n_layer", path, 4096),
            NPositions = Whole(json, "n_positions", path),
            VocabSize = Whole(json, "vocab_size", path),
            NInner = json["n_inner"] is null ? 4 * nEmbd : Whole(json, "n_inner", path),
            LayerNormEpsilon = Epsilon(json, path),
            BosTokenId = TokenId(json, "bos_token_id", path),
            EosTokenId = TokenId(json, "eos_token_id", path),
            PadTokenId = TokenId(json, "pad_token_id", path),
        };
    }

    /// <summary>A size: at least 1, and at most more than any real model has, so that a typing error is told as one.</summary>
    private static int Whole(JsonObject json, string key, string path, int most = 1 << 24) =>
        json[key] is JsonValue value && value.TryGetValue(out int number) && number > 0 && number <= most
            ? number
            : throw new InputException($"{path}: {key} is {json[key]?.ToJsonString() ?? "missing"}, expected a whole number from 1 to {most}.");

    private static int? TokenId(JsonObject json, string key, string path)
    {
        if (json[key] is null) return null;
        return json[key] is JsonValue value && value.TryGetValue(out int id) && id >= 0
            ? id
            : throw new InputException($"{path}: {key} is {json[key]!.ToJsonString()}, expected a token id.");
    }

    private static float Epsilon(JsonObject json, string path)
    {
        if (json["layer_norm_epsilon"] is null) return 1e-5f;
        return json["layer_norm_epsilon"] is JsonValue value && value.TryGetValue(out float epsilon) && epsilon is > 0 and < 1
            ? epsilon
            : throw new InputException($"{path}: layer_norm_epsilon is {json["layer_norm_epsilon"]!.ToJsonString()}, expected a number between 0 and 1.");
    }

    private static string? Text(JsonObject json, string key, string path)
    {
        if (json[key] is null) return null;
        return json[key] is JsonValue value && value.TryGetValue(out string? text)
            ? text
            : throw new InputException($"{path}: {key} is {json[key]!.ToJsonString()}, expected a text.");
    }
}
