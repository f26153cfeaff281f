using Sharpformer.Tensors;
using Sharpformer.Transformer.Families;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>
/// The tensors of a model folder under the names and in the layout that Hugging Face's programs read, whatever a training program made of
/// them. What is so already stays as it is.
/// </summary>
internal static class PlainLayout
{
    private const string Prefix = "transformer.";

    // The maps of GPT-2, which nanoGPT stores the other way round.
    private static readonly string[] Maps = [".attn.c_attn.weight", ".attn.c_proj.weight", ".mlp.c_fc.weight", ".mlp.c_proj.weight"];

    /// <summary>Every stored tensor, in the order of the files.</summary>
    public static IEnumerable<(ITensorFile File, TensorInfo Info)> Of(StoredWeights stored, ModelConfig config)
    {
        (ITensorFile File, TensorInfo Info)[] all = [.. stored.Tensors];
        bool isPlain = all.All(t => t.Info.Name == Plain(t.Info) || t.Info.Name == Prefix + Plain(t.Info));
        bool turns = all.Any(t => Plain(t.Info) == Gpt2.FirstMap && Gpt2.IsOutIn(config, t.Info.Shape));
        foreach ((ITensorFile file, TensorInfo info) in all)
        {
            string plain = Plain(info);
            bool isTurned = turns && info.Shape.Count == 2 && Maps.Any(map => plain.EndsWith(map, StringComparison.Ordinal));
            string name = isPlain ? info.Name : IsOutside(plain) ? plain : Prefix + plain;
            if (name == info.Name && !isTurned) yield return (file, info);
            else
            {
                var moved = new MovedTensor(file, info, name, isTurned);
                yield return (moved, moved.Tensors[0]);
            }
        }

        string Plain(TensorInfo info) => stored.Names.Plain(info.Name);
    }

    /// <summary>The biases, all 0, that nanoGPT leaves out, by name with their lengths.</summary>
    public static IEnumerable<(string Name, Shape Shape)> LeftOut(StoredWeights stored, ModelConfig config)
    {
        HashSet<string> names = [.. stored.Tensors.Select(t => stored.Names.Plain(t.Info.Name))];
        if (!stored.Tensors.Any(t => stored.Names.Plain(t.Info.Name) == Gpt2.FirstMap && Gpt2.IsOutIn(config, t.Info.Shape))) yield break;
        string prefix = stored.Tensors.Any(t => t.Info.Name == TensorNames.Table) ? "" : Prefix;
        foreach ((string name, Shape shape) in WeightList.Of(config))
            if (shape.Rank == 1 && name.EndsWith(".bias", StringComparison.Ordinal) && !names.Contains(name))
                yield return (prefix + name, shape);
    }

    private static bool IsOutside(string name) =>
        name.StartsWith("lm_head.", StringComparison.Ordinal) || ModelFolder.IsOfOtherHead(name);
}
