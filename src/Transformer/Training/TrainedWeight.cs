using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>A weight that training changes in place.</summary>
/// <param name="Name">As checkpoints call it.</param>
/// <param name="Value">Float32, and nobody else's.</param>
/// <param name="Rate">Its step size, as a multiple of that of the others.</param>
public sealed record TrainedWeight(string Name, Tensor Value, float Rate = 1);
