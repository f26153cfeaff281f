using System.IO.Hashing;

namespace Sharpformer.Tensors.PyTorch;

/// <summary>An entry of a zip archive, stored as it is.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Data">Its bytes, in place.</param>
/// <param name="Crc">CRC-32 of the bytes; 0 where the writer left it out, which <c>torch.save</c> may be told to do.</param>
internal sealed record ZipEntry(string Name, MappedBytes Data, uint Crc)
{
    private const int Block = 1 << 24;

    /// <summary>Makes sure that the bytes are those that were written.</summary>
    /// <exception cref="InputException">They are not.</exception>
    public void Check(string path, CancellationToken cancellation = default)
    {
        if (Crc == 0) return;
        var crc = new Crc32();
        for (long start = 0; start < Data.Length; start += Block)
        {
            cancellation.ThrowIfCancellationRequested();
            crc.Append(Data.Span(start, (int)Math.Min(Block, Data.Length - start)));
        }

        GC.KeepAlive(Data);
        uint found = crc.GetCurrentHashAsUInt32();
        if (found == Crc) return;
        throw new InputException(
            $"{path}: the bytes of the archive's entry {Quoted.Text(Name)} have CRC-32 {found:x8}, expected {Crc:x8} as in its directory.",
            "the file is damaged; download it again.");
    }
}
