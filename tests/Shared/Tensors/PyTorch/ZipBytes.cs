using System.IO.Hashing;
using System.Text;

namespace Sharpformer.Tests.Tensors.PyTorch;

/// <summary>Writes zip archives as <c>torch.save</c> does, and as nobody should.</summary>
internal sealed class ZipBytes
{
    private const int Alignment = 64;
    private readonly List<Entry> entries = [];

    /// <summary>Sizes and offsets in the zip64 fields, as in archives beyond 4 GB.</summary>
    public bool Zip64 { get; init; }

    public sealed record Entry(string Name, byte[] Data)
    {
        public int Method { get; init; }

        public int Flags { get; init; } = 0x0808; // lengths follow the data, UTF-8

        public string? LocalName { get; init; }

        /// <summary>CRC-32 of the data as the directory gives it; 0 leaves it out.</summary>
        public uint Crc { get; init; }

        public long? ClaimedLength { get; init; }

        public long? ClaimedOffset { get; init; }
    }

    public ZipBytes Add(string name, ReadOnlySpan<byte> data) => Add(new Entry(name, data.ToArray()));

    public ZipBytes Add(Entry entry)
    {
        entries.Add(entry);
        return this;
    }

    /// <summary>The same with a checksum for each entry.</summary>
    public ZipBytes WithCheckSums()
    {
        for (int i = 0; i < entries.Count; i++) entries[i] = entries[i] with { Crc = Crc32.HashToUInt32(entries[i].Data) };
        return this;
    }

    /// <summary>A whole checkpoint: the pickle, its storages, the byte order.</summary>
    public static ZipBytes Checkpoint(
        byte[] pickle, IEnumerable<(string Key, byte[] Data)> storages, string folder = "archive", bool zip64 = false)
    {
        var zip = new ZipBytes { Zip64 = zip64 };
        zip.Add($"{folder}/data.pkl", pickle).Add($"{folder}/byteorder", "little"u8);
        foreach ((string key, byte[] data) in storages) zip.Add($"{folder}/data/{key}", data);
        return zip.Add($"{folder}/version", "3\n"u8);
    }

    public byte[] ToArray()
    {
        using var stream = new MemoryStream();
        using var to = new BinaryWriter(stream);
        long[] offsets = new long[entries.Count];
        for (int i = 0; i < entries.Count; i++) offsets[i] = WriteLocal(to, entries[i]);
        long start = stream.Position;
        for (int i = 0; i < entries.Count; i++) WriteCentral(to, entries[i], entries[i].ClaimedOffset ?? offsets[i]);
        long length = stream.Position - start;
        if (Zip64) WriteEnd64(to, start, length);
        to.Write(0x06054b50);
        to.Write(0);
        for (int i = 0; i < 2; i++) to.Write((ushort)(Zip64 ? 0xFFFF : entries.Count));
        to.Write(Zip64 ? uint.MaxValue : (uint)length);
        to.Write(Zip64 ? uint.MaxValue : (uint)start);
        to.Write((ushort)0);
        return stream.ToArray();
    }

    private static long WriteLocal(BinaryWriter to, Entry entry)
    {
        long offset = to.BaseStream.Position;
        byte[] name = Encoding.UTF8.GetBytes(entry.LocalName ?? entry.Name);
        int padding = (int)((Alignment - (offset + 30 + name.Length + 4) % Alignment) % Alignment);
        to.Write(0x04034b50);
        to.Write((ushort)0);
        to.Write((ushort)entry.Flags);
        to.Write((ushort)entry.Method);
        for (int i = 0; i < 4; i++) to.Write(0); // time, checksum and lengths
        to.Write((ushort)name.Length);
        to.Write((ushort)(4 + padding));
        to.Write(name);
        to.Write((ushort)0x4246); // PyTorch's "FB" field moves the data to a multiple of 64
        to.Write((ushort)padding);
        to.Write(new byte[padding]);
        to.Write(entry.Data);
        to.Write(0x08074b50);
        to.Write(0);
        to.Write(entry.Data.Length);
        to.Write(entry.Data.Length);
        return offset;
    }

    private void WriteCentral(BinaryWriter to, Entry entry, long offset)
    {
        byte[] name = Encoding.UTF8.GetBytes(entry.Name);
        long length = entry.ClaimedLength ?? entry.Data.Length;
        to.Write(0x02014b50);
        to.Write(0);
        to.Write((ushort)entry.Flags);
        to.Write((ushort)entry.Method);
        to.Write(0); // time
        to.Write(entry.Crc);
        for (int i = 0; i < 2; i++) to.Write(Zip64 ? uint.MaxValue : (uint)length);
        to.Write((ushort)name.Length);
        to.Write((ushort)(Zip64 ? 28 : 0));
        for (int i = 0; i < 5; i++) to.Write((ushort)0);
        to.Write(Zip64 ? uint.MaxValue : (uint)offset);
        to.Write(name);
        if (!Zip64) return;
        to.Write((ushort)1);
        to.Write((ushort)24);
        to.Write(length);
        to.Write(length);
        to.Write(offset);
    }

    private void WriteEnd64(BinaryWriter to, long start, long length)
    {
        long end64 = to.BaseStream.Position;
        to.Write(0x06064b50);
        to.Write(44L);
        to.Write(0x002D_002D);
        to.Write(0L);
        to.Write((long)entries.Count);
        to.Write((long)entries.Count);
        to.Write(length);
        to.Write(start);
        to.Write(0x07064b50);
        to.Write(0);
        to.Write(end64);
        to.Write(1);
    }
}
