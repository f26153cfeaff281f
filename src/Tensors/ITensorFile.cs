namespace Sharpformer.Tensors;

/// <summary>A file of named tensors, opened and wholly checked: what is asked of it can no longer fail for what it holds.</summary>
public interface ITensorFile : IDisposable
{
    /// <summary>The file.</summary>
    string Path { get; }

    /// <summary>All tensors in the order of the file.</summary>
    IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Whether there is a tensor of this name.</summary>
    bool Contains(string name);

    /// <summary>What the file says about a tensor.</summary>
    /// <exception cref="InputException">There is none of this name.</exception>
    TensorInfo Info(string name);

    /// <summary>The elements of a tensor, little-endian and row-major: in place where they lie so in the file, else copied.</summary>
    /// <exception cref="InputException">There is none of this name.</exception>
    /// <exception cref="InsufficientMemoryException">They must be copied, and the machine has no room for it.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    MappedBytes Bytes(string name);

    /// <summary>Copies a part of what <see cref="Bytes"/> gives, without making the whole.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="start">First byte, at an element.</param>
    /// <param name="destination">Whole elements.</param>
    /// <exception cref="InputException">There is none of this name.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The tensor has fewer bytes.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    void Read(string name, long start, Span<byte> destination);
}
