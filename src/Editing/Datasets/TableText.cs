using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Datasets;

/// <summary>
/// The text of a table, without the blanks that people set between a delimiter and a quotation mark: <c>a, "b, c"</c> is two fields. Blanks
/// around a field without quotation marks are its own.
/// </summary>
internal sealed class TableText(Stream stream, string name, char delimiter) : TextReader
{
    private const int BlockLength = 1 << 14, MostBlanks = 1 << 16;

    private enum Place
    {
        Before, // nothing of the field yet, or blanks
        Plain,
        Quoted,
        Behind, // its closing quotation mark, or blanks that follow
    }

    private readonly byte[] bytes = new byte[BlockLength];
    private readonly char[] chars = new char[BlockLength];
    private readonly StringBuilder ready = new();
    private int kept; // bytes of a character that a block has only the beginning of
    private int given; // of what is ready
    private bool isFinal;
    private Place place;
    private int blanks; // seen and not yet given
    private LineCounter lines = new();

    public override int Peek() => IsReady() ? ready[given] : -1;

    public override int Read() => IsReady() ? ready[given++] : -1;

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    public override int Read(Span<char> buffer)
    {
        if (!IsReady()) return 0;
        int count = Math.Min(buffer.Length, ready.Length - given);
        ready.CopyTo(given, buffer, count);
        given += count;
        return count;
    }

    private bool IsReady()
    {
        while (given == ready.Length && !isFinal)
        {
            ready.Clear();
            given = 0;
            Fill();
        }

        return given < ready.Length;
    }

    private void Fill()
    {
        int read = stream.Read(bytes.AsSpan(kept));
        isFinal = read == 0;
        int length = kept + read;
        OperationStatus status = Utf8.ToUtf16(
            bytes.AsSpan(0, length), chars, out int used, out int written, replaceInvalidSequences: false, isFinalBlock: isFinal);
        ReadOnlySpan<char> text = chars.AsSpan(0, written);
        lines.Pass(text);
        if (status == OperationStatus.InvalidData)
            throw new InputException(
                $"Record file '{name}', line {lines.Line}: it is no valid UTF-8 text.", "save it as UTF-8, in a spreadsheet 'CSV UTF-8'.");
        bytes.AsSpan(used, length - used).CopyTo(bytes);
        kept = length - used;
        foreach (char next in text) Take(next);
        if (isFinal && place != Place.Behind) ready.Append(' ', blanks);
    }

    private void Take(char next)
    {
        if (next == ' ' && (place is Place.Before or Place.Behind) && blanks < MostBlanks)
        {
            blanks++;
            return;
        }

        bool endsField = next == delimiter || next is '\r' or '\n', isMark = next == '"';
        bool isPadding = (place == Place.Before && isMark) || (place == Place.Behind && endsField);
        place = place switch
        {
            Place.Quoted => isMark ? Place.Behind : Place.Quoted,
            _ when endsField => Place.Before,
            Place.Before when isMark => Place.Quoted,
            Place.Behind when isMark && blanks == 0 => Place.Quoted, // the second of two, which stand for one
            _ => Place.Plain,
        };
        if (!isPadding) ready.Append(' ', blanks);
        blanks = 0;
        ready.Append(next);
    }
}
