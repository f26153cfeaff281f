using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Datasets;

/// <summary>
/// The records of a JSON array, or of JSON Lines, one by one. The buffer holds one block of the file, or more where a single record is
/// longer.
/// </summary>
internal sealed class JsonRecords(Stream stream, string name, bool isArray)
{
    private const int LargestRecord = 64 << 20, Deepest = 64;

    private static readonly JsonReaderOptions Options = new() { AllowMultipleValues = true, MaxDepth = Deepest };

    private enum Place
    {
        Before,
        Records,
        AfterArray,
    }

    private byte[] buffer = new byte[1 << 16];
    private int start, end;
    private bool isFinal;
    private JsonReaderState state = new(Options);
    private int feedsOfState; // line feeds that the state has gone past: its own account of the place begins with it
    private Place place = isArray ? Place.Before : Place.Records;
    private int index;
    private LineCounter lines = new(); // of what the buffer no longer holds

    /// <summary>The next record; null after the last one.</summary>
    /// <exception cref="InputException">What follows cannot be read, nor can what may come behind it.</exception>
    public RawRecord? Next()
    {
        while (true)
        {
            if (TryNext(out RawRecord? record)) return record;
            Fill();
        }
    }

    // False when the buffer ends before the record does; the same bytes are then tried again with more behind them.
    private bool TryNext(out RawRecord? record)
    {
        record = null;
        while (true)
        {
            var reader = new Utf8JsonReader(buffer.AsSpan(start, end - start), isFinal, state);
            try
            {
                if (!reader.Read()) return isFinal;
                if (place == Place.AfterArray)
                    throw Fatal(LineAt((int)reader.TokenStartIndex), "nothing after the end of the array", "more");
                if (reader.TokenType == JsonTokenType.StartArray && place == Place.Before) place = Place.Records;
                else if (reader.TokenType == JsonTokenType.EndArray) place = Place.AfterArray;
                else return TryRecord(ref reader, out record);
                Pass((int)reader.BytesConsumed);
                state = reader.CurrentState;
            }
            catch (JsonException error)
            {
                return TryGoOn(error, reader.CurrentDepth, out record);
            }
        }
    }

    private bool TryRecord(ref Utf8JsonReader reader, out RawRecord? record)
    {
        record = null;
        int from = (int)reader.TokenStartIndex;
        JsonTokenType type = reader.TokenType;
        if (!reader.TrySkip()) return false;
        int line = LineAt(from);
        byte[] bytes = buffer.AsSpan(start + from, (int)reader.BytesConsumed - from).ToArray();
        record = type == JsonTokenType.StartObject
            ? new RawRecord(index, line) { Json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = Deepest }), Bytes = bytes }
            : new RawRecord(index, line) { Fault = ("a record as a JSON object", Kind(type)) };
        index++;
        Pass((int)reader.BytesConsumed);
        state = reader.CurrentState;
        return true;
    }

    /// <summary>Behind broken JSON there is no way to go on within an array; of lines the next one is another record.</summary>
    private bool TryGoOn(JsonException error, int depth, out RawRecord? record)
    {
        record = null;
        // In the reader's account lines end at line feeds only, and are counted from where the state began.
        int feeds = (int)(error.LineNumber ?? 0) - feedsOfState, offset = 0;
        for (int i = 0; i < feeds; i++) offset += buffer.AsSpan(start + offset, end - start - offset).IndexOf((byte)'\n') + 1;
        int line = LineAt(Begin()), wrong = LineAt(offset);
        string got = depth >= Deepest - 1 // what is opened too much is not counted
            ? $"JSON that is nested deeper than {Deepest}"
            : $"broken JSON at byte {error.BytePositionInLine + 1} of {(wrong == line ? "the line" : $"line {wrong}")}";
        if (isArray) throw Fatal(line, "a record as a JSON object", got);

        int blank = buffer.AsSpan(start, end - start).IndexOfAnyExcept(" \t\r\n"u8);
        int rest = buffer.AsSpan(start + blank, end - start - blank).IndexOfAny((byte)'\n', (byte)'\r');
        if (rest < 0 && !isFinal) return false; // the rest of the line is not there yet
        record = new RawRecord(index++, line) { Fault = ("a record as a JSON object", got) };
        Pass(rest < 0 ? end - start : blank + rest + 1);
        (state, feedsOfState) = (new JsonReaderState(Options), 0);
        return true;
    }

    private InputException Fatal(int line, string expected, string got) => new(
        $"{new BadRecord(name, index, line, null, expected, got)}",
        isFinal ? "is the file complete? Nothing behind this place can be read." : "nothing behind this place can be read.");

    private static string Kind(JsonTokenType type) => type switch
    {
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        _ => "null",
    };

    /// <summary>Where in the buffer the next record begins.</summary>
    private int Begin() =>
        Math.Max(0, buffer.AsSpan(start, end - start).IndexOfAnyExcept(place == Place.Records && isArray ? " \t\r\n,"u8 : " \t\r\n"u8));

    private int LineAt(int offset)
    {
        LineCounter there = lines;
        there.Pass<byte>(buffer.AsSpan(start, offset));
        return there.Line;
    }

    private void Pass(int count)
    {
        ReadOnlySpan<byte> passed = buffer.AsSpan(start, count);
        lines.Pass(passed);
        feedsOfState += passed.Count((byte)'\n');
        start += count;
    }

    private void Fill()
    {
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        end -= start;
        start = 0;
        if (end == buffer.Length)
        {
            if (end >= LargestRecord) throw Fatal(LineAt(Begin()), $"a record of at most {LargestRecord >> 20} MiB", "a larger one");
            Array.Resize(ref buffer, 2 * buffer.Length);
        }

        int room = buffer.Length - end;
        int read = stream.ReadAtLeast(buffer.AsSpan(end), room, throwOnEndOfStream: false);
        end += read;
        isFinal = read < room;
    }
}
