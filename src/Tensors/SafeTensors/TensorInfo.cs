namespace Sharpformer.Tensors.SafeTensors;

/// <summary>What a safetensors header says about one tensor.</summary>
/// <param name="Name">Its name.</param>
/// <param name="DType">How elements are stored, in the format's own words: F32, BF16, I64, BOOL, …</param>
/// <param name="Shape">Extents, outermost first; none for a scalar.</param>
/// <param name="Start">First byte, counted from the start of the data.</param>
/// <param name="Length">Length in bytes: elements times their size.</param>
public sealed record TensorInfo(string Name, string DType, IReadOnlyList<long> Shape, long Start, long Length)
{
    /// <summary>Number of elements.</summary>
    public long Count => Length / StoredTypes.Size(DType);

    /// <summary>Name, type and shape, for messages: <c>"wte.weight" F16 [7015,256]</c>.</summary>
    public override string ToString() => $"{Quoted.Text(Name)} {DType} {Quoted.Shape(Shape)}";
}
