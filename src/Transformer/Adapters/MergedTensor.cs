using System.Runtime.InteropServices;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Adapters;

/// <summary>A stored matrix with a product added to it, in float32, made as it is read; the file stays its owner's.</summary>
internal sealed class MergedTensor(ITensorFile file, TensorInfo stored, LoraFactors factors) : ITensorFile
{
    // Whoever reads the matrix in parts asks for the whole again and again; a file that is done with must not keep it.
    private readonly WeakReference<MappedBytes?> whole = new(null);

    /// <inheritdoc/>
    public string Path => file.Path;

    /// <inheritdoc/>
    public IReadOnlyList<TensorInfo> Tensors { get; } = [stored with { DType = "F32", Length = stored.Count * sizeof(float) }];

    /// <inheritdoc/>
    public bool Contains(string name) => file.Contains(name);

    /// <inheritdoc/>
    public TensorInfo Info(string name) => name == stored.Name ? Tensors[0] : file.Info(name);

    /// <inheritdoc/>
    public MappedBytes Bytes(string name)
    {
        if (whole.TryGetTarget(out MappedBytes? made)) return made;
        made = this.Copied(name);
        whole.SetTarget(made);
        return made;
    }

    /// <inheritdoc/>
    public void Read(string name, long start, Span<byte> destination)
    {
        Span<float> values = MemoryMarshal.Cast<byte, float>(destination);
        file.ReadFloats(name, start / sizeof(float), values);
        factors.AddTo(values, start / sizeof(float));
    }

    /// <summary>Does nothing: the file is not its own.</summary>
    public void Dispose()
    {
    }
}
