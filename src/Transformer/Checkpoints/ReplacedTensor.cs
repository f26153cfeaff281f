using System.Runtime.InteropServices;
using Sharpformer.Tensors;
using Sharpformer.Tensors.Cpu;

namespace Sharpformer.Transformer.Checkpoints;

/// <summary>A weight of a model in place of the one that is stored, under its name and of its shape, in float32.</summary>
/// <param name="path">The file that holds the stored one.</param>
/// <param name="stored">The stored one.</param>
/// <param name="weight">The weight, as many numbers in the same order.</param>
internal sealed class ReplacedTensor(string path, TensorInfo stored, Tensor weight) : ITensorFile
{
    // Whoever writes it reads from several threads, which may ask a CPU's memory but no GPU.
    private readonly float[]? copy = weight.Device is CpuDevice ? null : weight.ToArray();

    /// <inheritdoc/>
    public string Path => path;

    /// <inheritdoc/>
    public IReadOnlyList<TensorInfo> Tensors { get; } = [stored with { DType = "F32", Length = weight.Count * sizeof(float) }];

    /// <inheritdoc/>
    public bool Contains(string name) => name == stored.Name;

    /// <inheritdoc/>
    public TensorInfo Info(string name) => Contains(name)
        ? Tensors[0]
        : throw new InputException($"{Path}: no tensor {Quoted.Text(name)}, only {Quoted.Text(stored.Name)}.");

    /// <inheritdoc/>
    public MappedBytes Bytes(string name) => this.Copied(name);

    /// <inheritdoc/>
    public void Read(string name, long start, Span<byte> destination)
    {
        _ = Info(name);
        Span<float> values = MemoryMarshal.Cast<byte, float>(destination);
        if (copy is not null) copy.AsSpan((int)(start / sizeof(float)), values.Length).CopyTo(values);
        else weight.Device.Download(Part(weight.Offset + (start / sizeof(float)), values.Length), values);
    }

    /// <summary>Does nothing: the memory is not its own.</summary>
    public void Dispose()
    {
    }

    private Tensor Part(long offset, int count) => new(weight.Device, weight.Storage, offset, new Shape(count), weight.DType);
}
