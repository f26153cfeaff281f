namespace Sharpformer.Tensors;

/// <summary>A block of device memory that one or more tensors look into. Each device has its own kind.</summary>
public abstract class Storage
{
    /// <summary>Bytes in the block.</summary>
    public abstract long ByteLength { get; }

    /// <summary>True once the block went back to its pool; tensors over it may no longer be used.</summary>
    public bool Released { get; private set; }

    /// <summary>The scope that will hand the block back; null where none does.</summary>
    internal BufferScope? Owner { get; set; }

    /// <summary>Hands the block back to its pool. Safe to call twice.</summary>
    public void Release()
    {
        if (Released) return;
        Released = true;
        ReturnToPool();
    }

    /// <summary>Gives the memory back; called once.</summary>
    protected abstract void ReturnToPool();
}
