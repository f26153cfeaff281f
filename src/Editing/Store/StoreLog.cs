using System.Buffers.Binary;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>
/// The write-ahead log as it lies beside a store: what of it SQLite is going to read. SQLite takes the first frame that is not as its
/// checksum says for the log's end, as a crash while it was written leaves it. Here it is looked whether whole transactions follow: then
/// it is damage, and to go on would lose them silently. Layout: https://sqlite.org/fileformat2.html#walformat
/// </summary>
/// <param name="Readable">Transactions up to the first damaged frame.</param>
/// <param name="Lost">Transactions from there on.</param>
/// <param name="DamagedFrame">The first damaged frame before a whole transaction, counted from 1; 0 is the header, null is none.</param>
internal sealed record StoreLog(int Readable, int Lost, int? DamagedFrame)
{
    private const int HeaderBytes = 32, FrameHeaderBytes = 24, Looks = 10;
    private const uint Magic = 0x377f0682; // checksums over little-endian words; one more: big-endian

    /// <summary>Reads the log of a store; where there is none, nothing is in it.</summary>
    /// <param name="file">The store's file itself.</param>
    public static StoreLog Of(string file)
    {
        StoreLog log = Read(file);
        for (int look = 1; log.DamagedFrame is not null && look < Looks; look++) // another process may be just writing it
        {
            Thread.Sleep(10);
            log = Read(file);
        }

        return log;
    }

    /// <summary>The sentence for a damaged log.</summary>
    public InputException Explain(string path) => new(
        $"Edit store '{path}': its log is damaged at {(DamagedFrame == 0 ? "its header" : $"frame {DamagedFrame}")}; "
            + $"{Readable} of {Readable + Lost} transactions in it can be read.",
        "nothing was changed; fetch a copy of the store from a backup, or save what can be read with 'salvage'.");

    private static StoreLog Read(string file)
    {
        var none = new StoreLog(0, 0, null);
        try
        {
            if (!StoreFile.HasContent(StoreFile.Log(file))) return none;
            using FileStream log = StoreFile.Open(StoreFile.Log(file));
            var header = new byte[HeaderBytes];
            if (log.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes) return none;
            return Frames(log, header, file);
        }
        catch (IOException)
        {
            return none; // SQLite tells
        }
    }

    private static StoreLog Frames(FileStream log, byte[] header, string file)
    {
        bool isBig = Word(header, 0) == Magic + 1;
        bool isWhole = (Word(header, 0) & ~1u) == Magic
            && Sum(header.AsSpan(0, 24), default, isBig) == (Word(header, 24), Word(header, 28));
        int pageSize = isWhole ? (int)Word(header, 8) : PageSizeOf(file);
        if (pageSize is < 512 or > 65536) return new StoreLog(0, 0, null);

        // Each frame's sum goes on from the one before: also behind a damaged frame it shows which are as they were written.
        var frame = new byte[FrameHeaderBytes + pageSize];
        (uint, uint) sum = (Word(header, 24), Word(header, 28)), salts = (Word(header, 16), Word(header, 20));
        int? firstBad = isWhole ? null : 0;
        int readable = 0, lost = 0;
        bool isLost = false;
        for (int number = 1; log.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length; number++)
        {
            (uint, uint) own = (Word(frame, 8), Word(frame, 12)), said = (Word(frame, 16), Word(frame, 20));
            bool follows = own == salts
                && Sum(frame.AsSpan(FrameHeaderBytes), Sum(frame.AsSpan(0, 8), sum, isBig), isBig) == said;
            bool isCommit = Word(frame, 4) != 0;
            if (!follows) firstBad ??= number;
            if (isCommit && firstBad is null) readable++;
            isLost |= firstBad is not null && follows && (isCommit || lost > 0); // a transaction ends here, or has ended before
            if (isCommit && firstBad is not null && own == salts) lost++;
            if (!isWhole) salts = own; // those of a damaged header are not known: that of the frame before must do
            sum = said;
        }

        return isLost ? new StoreLog(readable, lost, firstBad) : new StoreLog(readable, 0, null);
    }

    private static int PageSizeOf(string file)
    {
        var header = new byte[32];
        using FileStream stream = StoreFile.Open(file);
        return stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length ? StoreFile.Size(header).PageSize : 0;
    }

    private static uint Word(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at));

    private static (uint, uint) Sum(ReadOnlySpan<byte> bytes, (uint A, uint B) sum, bool isBig)
    {
        (uint a, uint b) = sum;
        for (int i = 0; i < bytes.Length; i += 8)
        {
            a += b + Next(bytes[i..], isBig);
            b += a + Next(bytes[(i + 4)..], isBig);
        }

        return (a, b);
    }

    private static uint Next(ReadOnlySpan<byte> bytes, bool isBig) =>
        isBig ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
