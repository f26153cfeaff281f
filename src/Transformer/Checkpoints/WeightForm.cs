using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>How a model's weights are held once they are loaded.</summary>
public enum WeightForm
{
    /// <summary>As the checkpoint stores them, in place.</summary>
    Stored,

    /// <summary>
    /// Matrices as <see cref="DType.Q8"/>, in memory of their own, unless the checkpoint stores them so; vectors and the table of positions
    /// as stored. The very bits that <see cref="CheckpointConverter"/> writes.
    /// </summary>
    Q8,
}
