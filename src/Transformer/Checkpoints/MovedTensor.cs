using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>A tensor of a file under another name, rows and columns exchanged if wished; the file stays its owner's.</summary>
internal sealed class MovedTensor(ITensorFile file, TensorInfo stored, string name, bool isTurned) : ITensorFile
{
    /// <inheritdoc/>
    public string Path => file.Path;

    /// <inheritdoc/>
    public IReadOnlyList<TensorInfo> Tensors { get; } =
        [stored with { Name = name, Shape = isTurned ? [.. stored.Shape.Reverse()] : stored.Shape }];

    /// <inheritdoc/>
    public bool Contains(string tensor) => tensor == name;

    /// <inheritdoc/>
    public TensorInfo Info(string tensor) => Contains(tensor)
        ? Tensors[0]
        : throw new InputException($"{Path}: no tensor {Quoted.Text(tensor)}, only {Quoted.Text(name)}.");

    /// <inheritdoc/>
    public MappedBytes Bytes(string tensor)
    {
        _ = Info(tensor);
        return isTurned ? this.Copied(tensor) : file.Bytes(stored.Name);
    }

    /// <inheritdoc/>
    public void Read(string tensor, long start, Span<byte> destination)
    {
        _ = Info(tensor);
        if (isTurned) file.ReadTurned(stored.Name, start, destination);
        else file.Read(stored.Name, start, destination);
    }

    /// <summary>Does nothing: the file is not its own.</summary>
    public void Dispose()
    {
    }
}
