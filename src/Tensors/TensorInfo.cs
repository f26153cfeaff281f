namespace Sharpformer.Tensors;

/// <summary>What a checkpoint file says about one tensor.</summary>
/// <param name="Name">Its name.</param>
/// <param name="DType">How elements are stored, in the words of safetensors: F32, BF16, I64, BOOL, …</param>
/// <param name="Shape">Extents, outermost first; none for a scalar.</param>
/// <param name="Start">First byte, counted from the start of the data, or of the storage that holds the tensor.</param>
/// <param name="Length">Length in bytes: elements times their size.</param>
public sealed record TensorInfo(string Name, string DType, IReadOnlyList<long> Shape, long Start, long Length)
{
    /// <summary>Number of elements.</summary>
    public long Count => Length / StoredTypes.Size(DType);

    /// <summary>The shape in the engine's numbers.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="InputException">A dimension is beyond them.</exception>
    public Shape EngineShape(string path)
    {
        int[] dims = new int[Shape.Count];
        for (int i = 0; i < dims.Length; i++)
        {
            if (Shape[i] > int.MaxValue)
                throw new InputException($"{path}, tensor {this}: dimension {i} is {Shape[i]}, expected at most {int.MaxValue}.");
            dims[i] = (int)Shape[i];
        }

        return new Shape(dims);
    }

    /// <summary>Name, type and shape, for messages: <c>"wte.weight" F16 [7015,256]</c>.</summary>
    public override string ToString() => $"{Quoted.Text(Name)} {DType} {Quoted.Shape(Shape)}";
}
