using Sharpformer.Tensors;
using Sharpformer.Transformer.Training;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>Weights of a model that was loaded from a folder and then changed, by the names that families ask for.</summary>
internal sealed class ReplacedWeights
{
    private readonly Dictionary<string, Tensor> weights = [];

    private ReplacedWeights()
    {
    }

    /// <summary>The names, in the order in which a forward pass meets them.</summary>
    public IReadOnlyList<string> Names { get; private init; } = [];

    /// <summary>Those in which two models differ that share all others.</summary>
    /// <param name="before">The model as it was loaded.</param>
    /// <param name="after">The same with some weights replaced.</param>
    public static ReplacedWeights Of(CausalLm before, CausalLm after)
    {
        (string Name, Tensor Weight)[] all =
        [
            .. WeightNames.Of(before).Zip(before.Weights.Zip(after.Weights))
                .Where(one => !ReferenceEquals(one.Second.First, one.Second.Second)).Select(one => (one.First, one.Second.Second.Value)),
        ];
        var replaced = new ReplacedWeights { Names = [.. all.Select(one => one.Name)] };
        foreach ((string name, Tensor weight) in all) replaced.weights.Add(name, weight);
        return replaced;
    }

    /// <summary>The tensors of a folder with these in their places.</summary>
    /// <param name="folder">The folder from which the model was loaded, for messages.</param>
    /// <param name="tensors">Its tensors, each with the name that families ask for.</param>
    /// <exception cref="InputException">The folder has no such tensor, or it lies there otherwise.</exception>
    public IReadOnlyList<(ITensorFile File, TensorInfo Info)> Over(
        string folder, IReadOnlyList<(string Name, ITensorFile File, TensorInfo Info)> tensors)
    {
        HashSet<string> left = [.. Names];
        var laidOver = new List<(ITensorFile, TensorInfo)>(tensors.Count);
        foreach ((string name, ITensorFile file, TensorInfo info) in tensors)
        {
            if (!weights.TryGetValue(name, out Tensor? weight))
            {
                laidOver.Add((file, info));
                continue;
            }

            left.Remove(name);
            if (!info.Shape.SequenceEqual(weight.Shape.Dims.ToArray().Select(dim => (long)dim)))
                throw Unfit($"{info} lies there otherwise than in the model, {weight.Shape}");
            var replaced = new ReplacedTensor(file.Path, info, weight);
            laidOver.Add((replaced, replaced.Tensors[0]));
        }

        return left.Count == 0 ? laidOver : throw Unfit($"it has no tensor {Quoted.Text(left.Order(StringComparer.Ordinal).First())}");

        InputException Unfit(string why) => new(
            $"{folder}: what was changed has no place in it: {why}.",
            "write the folder anew with 'model convert', and make the edits on that.");
    }
}
