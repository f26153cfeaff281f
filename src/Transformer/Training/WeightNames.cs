using Sharpformer.Transformer.Checkpoints;

namespace Sharpformer.Transformer.Training;

/// <summary>What checkpoints call a model's weights.</summary>
internal static class WeightNames
{
    /// <summary>A name for each of <see cref="CausalLm.Weights"/>.</summary>
    public static IReadOnlyList<string> Of(CausalLm model)
    {
        string[] names = [.. WeightList.Of(model.Config).Select(weight => weight.Name)];
        bool hasExtraBias = model.HeadBias is not null && !names.Contains(TensorNames.HeadBias); // one that the family does without
        return hasExtraBias ? [.. names, TensorNames.HeadBias] : names;
    }
}
