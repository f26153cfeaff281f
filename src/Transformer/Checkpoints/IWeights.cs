using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>Where a family finds its tensors: in a checkpoint, or in a mere list of what one would hold.</summary>
internal interface IWeights
{
    /// <summary>Where tensors live.</summary>
    Device Device { get; }

    /// <summary>Whether there is a tensor of this name.</summary>
    bool Has(string name);

    /// <summary>The shape of the tensor of this name as it is stored; null if there is none.</summary>
    IReadOnlyList<long>? ShapeOf(string name);

    /// <summary>A matrix <c>[rows,columns]</c>, as stored.</summary>
    Tensor Matrix(string name, int rows, int columns);

    /// <summary>
    /// The matrix of a map that is stored <c>[out,in]</c> by a family whose own layout is <c>[in,out]</c>: as stored, or in the family's
    /// layout where it is rounded, since a conversion rounds it there.
    /// </summary>
    (Tensor Matrix, bool IsOutIn) TurnedMap(string name, int inputs, int outputs) => (Matrix(name, outputs, inputs), true);

    /// <summary>A vector <c>[length]</c> in float32.</summary>
    Tensor Vector(string name, int length);
}
