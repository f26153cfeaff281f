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

    // All scopes of a device share one list: this one's part starts here, and scopes within it lie behind. Each
    // storage names its owner, so to keep it is to rename the owner.
    private readonly List<Storage> storages;
    private readonly int first;
    private bool disposed;

    internal BufferScope(Device device, BufferScope? parent, List<Storage> storages) =>
        (this.device, this.parent, this.storages, first) = (device, parent, storages, storages.Count);

    /// <summary>Lets <paramref name="tensor"/> outlive this scope: the enclosing scope, or nobody, owns it then.</summary>
    /// <returns><paramref name="tensor"/>, for chaining.</returns>
    public Tensor Keep(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.Storage.Owner == this) tensor.Storage.Owner = parent;
        return tensor;
    }

    /// <summary>Whether this scope would give the tensor's memory back.</summary>
    public bool Owns(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor.Storage.Owner == this;
    }

    /// <summary>Lets everything allocated so far outlive this scope, as <see cref="Keep"/> does for one tensor.</summary>
    public void KeepAll()
    {
        for (int i = first; i < storages.Count; i++)
            if (storages[i].Owner == this) storages[i].Owner = parent;
    }

    /// <summary>Returns all memory allocated within the scope to the pool.</summary>
    public void Dispose()
    {
        if (disposed) return;
        device.EndScope(this, parent);
        disposed = true;
        int kept = first;
        for (int i = first; i < storages.Count; i++)
        {
            Storage storage = storages[i];
            if (storage.Owner == this) storage.Release();
            else if (storage.Owner is not null && !storage.Released) storages[kept++] = storage;
        }

        storages.RemoveRange(kept, storages.Count - kept);
    }

    internal void Track(Storage storage)
    {
        storage.Owner = this;
        storages.Add(storage);
    }
}
