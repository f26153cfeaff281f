using Sharpformer.Autograd;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>The kinds of value that a <c>config.json</c> states, each checked when it is asked for.</summary>
internal static class ConfigKeys
{
    /// <summary>What <c>config.json</c> calls the activations.</summary>
    private static readonly OrderedDictionary<string, Activation> Activations = new()
    {
        ["gelu_new"] = Activation.GeluTanh,
        ["gelu"] = Activation.Gelu,
        ["relu"] = Activation.Relu,
        ["silu"] = Activation.Silu,
        ["quick_gelu"] = Activation.QuickGelu,
    };

    /// <summary>
    /// Other names for the same functions, of transformers' table (ACT2FN) and of the classes behind it. Those that differ from all of
    /// these (gelu_10 is cut off, for example) are refused.
    /// </summary>
    private static readonly Dictionary<string, Activation> OtherNames = new()
    {
        ["gelu_fast"] = Activation.GeluTanh,
        ["gelu_accurate"] = Activation.GeluTanh,
        ["gelu_pytorch_tanh"] = Activation.GeluTanh,
        ["gelu_python_tanh"] = Activation.GeluTanh,
        ["gelu_tanh"] = Activation.GeluTanh,
        ["NewGELUActivation"] = Activation.GeluTanh,
        ["FastGELUActivation"] = Activation.GeluTanh,
        ["AccurateGELUActivation"] = Activation.GeluTanh,
        ["PytorchGELUTanh"] = Activation.GeluTanh,
        ["GELUTanh"] = Activation.GeluTanh,
        ["gelu_python"] = Activation.Gelu,
        ["GELUActivation"] = Activation.Gelu,
        ["GELU"] = Activation.Gelu,
        ["ReLU"] = Activation.Relu,
        ["swish"] = Activation.Silu,
        ["SiLUActivation"] = Activation.Silu,
        ["SiLU"] = Activation.Silu,
        ["QuickGELUActivation"] = Activation.QuickGelu,
    };

    /// <summary>A size: at least 1, and at most more than any real model has, so that a typing error is told as one.</summary>
    /// <exception cref="InputException">It is missing or something else.</exception>
    public static int Size(this JsonPart config, string key, int most = 1 << 24) =>
        config.OptionalSize(key, most)
            ?? throw new InputException($"{config.Where}: {key} is missing, expected a whole number from 1 to {most}.");

    /// <summary>The same where the key may be left out.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public static int? OptionalSize(this JsonPart config, string key, int most = 1 << 24)
    {
        if (config.Find(key) is not { } part) return null;
        return part.AsWhole(1, most) ?? throw part.Unexpected($"a whole number from 1 to {most}");
    }

    /// <summary>The ε of layer norms.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public static float Epsilon(this JsonPart config, string key)
    {
        if (config.Find(key) is not { } part) return 1e-5f;
        return part.AsNumber() is { } epsilon and > 0 and < 1 ? (float)epsilon : throw part.Unexpected("a number between 0 and 1");
    }

    /// <summary>The MLP's activation.</summary>
    /// <exception cref="InputException">It is none that this engine has.</exception>
    public static Activation ActivationOf(this JsonPart config, string key)
    {
        string name = config.Text(key) ?? "gelu_new";
        if (Activations.TryGetValue(name, out Activation activation) || OtherNames.TryGetValue(name, out activation)) return activation;
        throw new InputException(
            $"{config.Where}: {key} is {Quoted.Text(name)}, supported: {string.Join(", ", Activations.Keys)}, "
            + $"and as other names for these {string.Join(", ", OtherNames.Keys)}.");
    }

    /// <summary>What <c>config.json</c> calls an activation.</summary>
    public static string Name(this Activation activation) => Activations.First(name => name.Value == activation).Key;
}
