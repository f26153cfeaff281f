using Sharpformer.Transformer.Families;

namespace Sharpformer.Transformer;

/// <summary>The architectures that were published, for making checkpoints of their size.</summary>
public static class PublishedSizes
{
    /// <summary>All sizes by name, family by family, smallest first.</summary>
    public static IReadOnlyDictionary<string, ModelConfig> All { get; } =
        new OrderedDictionary<string, ModelConfig>(Family.All.SelectMany(family => family.Sizes));
}
