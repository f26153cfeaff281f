namespace Sharpformer.Tensors;

/// <summary>
/// Everything a device allocates while a scope is open goes back to the pool when the scope is disposed, except
/// what <see cref="Keep"/> handed to the scope around it. Without a scope, memory lives as long as its tensors.
/// Scopes nest like blocks: <c>using BufferScope scope = device.Scope();</c>
/// </summary>
public sealed class BufferScope : IDisposable
{
    private readonly Device device;
    private readonly BufferScope? parent;
    private readonly HashSet<Storage> storages = [];
    private bool disposed;

    internal BufferScope(Device device, BufferScope? parent) => (this.device, this.parent) = (device, parent);

    /// <summary>Lets <paramref name="tensor"/> outlive this scope: the enclosing scope, or nobody, owns it then.</summary>
    /// <returns><paramref name="tensor"/>, for chaining.</returns>
    public Tensor Keep(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (storages.Remove(tensor.Storage)) parent?.storages.Add(tensor.Storage);
        return tensor;
    }

    /// <summary>Lets everything allocated so far outlive this scope, as <see cref="Keep"/> does for one tensor.</summary>
    public void KeepAll()
    {
        parent?.storages.UnionWith(storages);
        storages.Clear();
    }

    /// <summary>Returns all memory allocated within the scope to the pool.</summary>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        device.EndScope(this, parent);
        foreach (Storage storage in storages) storage.Release();
        storages.Clear();
    }

    internal void Track(Storage storage) => storages.Add(storage);
}
