using System.Runtime.InteropServices;

namespace Sharpformer.Tensors;

/// <summary>
/// Host memory that starts on a cache line, and from some megabytes on consists of huge pages where the system has them. It lives until
/// it is disposed, or else as long as its object.
/// </summary>
internal sealed unsafe class HostBlock : IMemoryBlock
{
    private const int CacheLine = 64;

    /// <exception cref="OutOfMemoryException">The machine has no room for it.</exception>
    public HostBlock(long byteLength)
    {
        nuint length = checked((nuint)Math.Max(1, byteLength));
        if (length < MemoryAdvice.HugePage) Pointer = (byte*)NativeMemory.AlignedAlloc(length, CacheLine);
        else
        {
            // What is left over becomes one more where it fills the half of it.
            nuint huge = checked(length + MemoryAdvice.HugePage / 2) / MemoryAdvice.HugePage * MemoryAdvice.HugePage;
            Pointer = (byte*)NativeMemory.AlignedAlloc(Math.Max(length, huge), MemoryAdvice.HugePage);
            MemoryAdvice.PreferHugePages(Pointer, huge);
        }

        ByteLength = byteLength;
        if (byteLength > 0) GC.AddMemoryPressure(byteLength);
    }

    ~HostBlock() => Free();

    public byte* Pointer { get; private set; }

    public nint Address => (nint)Pointer;

    public long ByteLength { get; }

    /// <summary>Gives the memory back to the system.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (Pointer is null) return;
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
        if (ByteLength > 0) GC.RemoveMemoryPressure(ByteLength);
    }
}
