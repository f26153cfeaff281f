using System.Globalization;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Tensors.PyTorch;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>
/// A checkpoint of Karpathy's nanoGPT: <c>{"model": state dict, "model_args": {…}, …}</c> in one file, and no <c>config.json</c>. The
/// model is a GPT-2 whose matrices are stored <c>[out,in]</c> and whose biases may be left out, see <see cref="Families.Gpt2"/>.
/// </summary>
internal static class NanoGpt
{
    private static readonly (string Theirs, string Ours)[] Keys =
    [
        ("n_embd", "n_embd"), ("n_layer", "n_layer"), ("n_head", "n_head"), ("block_size", "n_positions"), ("vocab_size", "vocab_size"),
    ];

    /// <summary>What a <c>config.json</c> for such a checkpoint says, and the file that it is made of; null for other folders.</summary>
    /// <exception cref="InputException">The checkpoint is damaged.</exception>
    public static (string Path, JsonObject Config)? In(string folder)
    {
        if (WeightLocation.TryFind(folder) is not { Files: [{ } path], Index: null }
            || path.EndsWith(WeightLocation.SafeTensors, StringComparison.Ordinal)) return null;
        using var file = (PyTorchFile)ModelFolder.OpenWeights(path);
        if (file.Settings("model_args") is not { } settings) return null;
        var config = new JsonObject { ["architectures"] = new JsonArray("GPT2LMHeadModel"), ["model_type"] = "gpt2" };
        foreach ((string theirs, string ours) in Keys)
            config[ours] = settings.GetValueOrDefault(theirs) is long and >= 1 and <= int.MaxValue and var number
                ? number
                : throw new InputException(
                    $"{path}: model_args: {theirs} is {Shown(settings, theirs)}, expected a whole number from 1.",
                    "was it written by nanoGPT's train.py?");
        config["activation_function"] = "gelu"; // nn.GELU(), the exact one
        config["layer_norm_epsilon"] = 1e-5;
        return (path, config);
    }

    private static string Shown(IReadOnlyDictionary<string, object?> settings, string key) =>
        !settings.TryGetValue(key, out object? value) ? "missing" : value switch
        {
            null => "None",
            string text => Quoted.Text(text),
            long or double or bool => Convert.ToString(value, CultureInfo.InvariantCulture)!,
            _ => "something else",
        };
}
