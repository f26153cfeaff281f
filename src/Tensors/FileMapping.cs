using System.IO.MemoryMappedFiles;

namespace Sharpformer.Tensors;

/// <summary>Maps whole files into memory, read only.</summary>
internal static unsafe class FileMapping
{
    /// <summary>
    /// Maps a file that is not empty. The file is closed before this returns, the mapping stays: its owner is the view's
    /// safe handle, whose finalizer unmaps it once no <see cref="MappedBytes"/> refers to it. Whoever truncates the file
    /// meanwhile takes the pages away, and touching them ends the process; no reader of mappings can prevent that.
    /// </summary>
    /// <exception cref="IOException">The file cannot be opened or mapped.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static MappedBytes Open(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        long length = stream.Length;
        using var file = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        MemoryMappedViewAccessor view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        return new MappedBytes((byte*)view.SafeMemoryMappedViewHandle.DangerousGetHandle(), length, view.SafeMemoryMappedViewHandle);
    }
}
