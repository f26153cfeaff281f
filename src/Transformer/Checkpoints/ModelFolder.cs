using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;
using Sharpformer.Tensors.PyTorch;
using Sharpformer.Tensors.SafeTensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>The weights of a model folder, in any of the forms that people have them.</summary>
public static class ModelFolder
{
    // Older checkpoints carry along their causal masks, and what rotary positions are made of.
    private static readonly string[] Buffers =
    [
        ".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias", ".attn.embed_positions",
    ];

    // What was trained on top of a language model for rewards, classes or answers; its own head does without.
    private static readonly string[] OtherHeads = ["v_head.", "score.", "classifier.", "qa_outputs.", "multiple_choice_head."];

    private const string Positions = "wpe.weight";

    /// <summary>
    /// The weight files, in ordinal order of their names: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c>
    /// names, or the same of <c>pytorch_model.bin</c>; where none of these is there, the only file of weights.
    /// </summary>
    /// <exception cref="InputException">There is no such file, there are several, or the index is not usable.</exception>
    public static IReadOnlyList<string> WeightFiles(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return WeightLocation.Find(folder).Files;
    }

    /// <summary>Opens a weight file: safetensors by its name, or else one that <c>torch.save</c> wrote.</summary>
    /// <exception cref="InputException">It cannot be read, or is not exactly what its format demands.</exception>
    public static ITensorFile OpenWeights(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        LfsPointer.RefuseForWeights(path);
        return path.EndsWith(WeightLocation.SafeTensors, StringComparison.Ordinal) ? SafeTensorsFile.Open(path) : PyTorchFile.Open(path);
    }

    /// <summary>Makes sure that weights and <c>config.json</c> make a model, from the headers of the files alone.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="adapter">The folder of a LoRA adapter that lies over it; null for none.</param>
    /// <exception cref="InputException">Files are missing or damaged, or tensors are missing, too many or misshaped.</exception>
    public static void Check(string folder, string? adapter = null)
    {
        ModelConfig config = ModelConfig.Load(folder);
        using var device = new CpuDevice(threads: 1);
        using Checkpoint checkpoint = Checkpoint.Open(folder, device, loads: false, adapter: adapter);
        checkpoint.Build(config);
    }

    /// <summary>Whether a tensor of this name was saved along with the weights but is no parameter: a causal mask, as a rule.</summary>
    public static bool IsBuffer(string name) => Buffers.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal));

    /// <summary>
    /// Whether a tensor is rounded where weights shall be Q8: a matrix that products or the token table are made of, stored as numbers of
    /// another type. The table of positions is small, and added to every token.
    /// </summary>
    internal static bool TakesQ8(TensorInfo info) =>
        info is { Shape.Count: 2, DType: "F32" or "F16" or "BF16" or "F64" } && !IsBuffer(info.Name)
        && info.Name != Positions && !info.Name.EndsWith("." + Positions, StringComparison.Ordinal) && !IsOfOtherHead(info.Name);

    /// <summary>Whether a tensor of this name belongs to a head for another task than writing text.</summary>
    internal static bool IsOfOtherHead(string name) => OtherHeads.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}
