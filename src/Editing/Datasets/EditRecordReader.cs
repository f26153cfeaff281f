using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Datasets;

/// <summary>
/// Reads records one by one from a JSON array or from JSON Lines. The buffer holds one block of the file, or more where
/// a single record is longer.
/// </summary>
internal sealed class EditRecordReader(Stream stream, string path)
{
    /// <summary>What a record file should look like, as a hint.</summary>
    public const string Expected = "expected a JSON array of records, or one record per line, with at least \"src\" and \"alt\".";

    private static readonly string[] Known = ["subject", "src", "rephrase", "alt", "loc", "loc_ans", "relation"];

    private enum Place
    {
        Start,
        InArray,
        InLines,
        AfterArray,
    }

    private byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;
    private bool isFinal;
    private JsonReaderState state = new(new JsonReaderOptions { AllowMultipleValues = true });
    private Place place = Place.Start;
    private int recordIndex;
    private int linesBefore; // line ends in what the buffer no longer holds
    private readonly HashSet<string> fields = []; // of the record at hand

    /// <summary>The next record; null after the last one.</summary>
    /// <exception cref="InputException">What follows is not a record.</exception>
    public EditRecord? Next()
    {
        if (place == Place.Start && end == 0) Begin();
        while (true)
        {
            if (TryNext(out EditRecord? record)) return record;
            Fill();
        }
    }

    // False when the buffer ends before the record does; the same bytes are then tried again with more behind them.
    private bool TryNext(out EditRecord? record)
    {
        record = null;
        var reader = new Utf8JsonReader(buffer.AsSpan(start, end - start), isFinal, state);
        try
        {
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.StartArray when place == Place.Start:
                        place = Place.InArray;
                        break;
                    case JsonTokenType.EndArray when place == Place.InArray:
                        place = Place.AfterArray;
                        break;
                    case JsonTokenType.StartObject when place != Place.AfterArray:
                        Utf8JsonReader probe = reader;
                        if (!probe.TrySkip()) return false;
                        if (place == Place.Start) place = Place.InLines;
                        record = ReadRecord(ref reader);
                        recordIndex++;
                        Consume(reader);
                        return true;
                    default:
                        throw Wrong(reader, "a record as a JSON object", Name(reader.TokenType));
                }

                Consume(reader);
                reader = new Utf8JsonReader(buffer.AsSpan(start, end - start), isFinal, state);
            }
        }
        catch (JsonException error)
        {
            throw new InputException(
                $"Record file '{path}', record {recordIndex} (counted from 0), line {error.LineNumber + 1}: "
                    + $"broken JSON at byte {error.BytePositionInLine + 1} of the line, {Reason(error)}",
                isFinal ? "is the file complete?" : Expected, error);
        }

        return isFinal;
    }

    private EditRecord ReadRecord(ref Utf8JsonReader reader)
    {
        Utf8JsonReader begin = reader;
        fields.Clear();
        string? subject = null, src = null, rephrase = null, alt = null, loc = null, locAns = null, relation = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = String(ref reader, "a field name");
            CheckField(reader, field);
            reader.Read();
            switch (field)
            {
                case "subject": subject = Text(ref reader, field); break;
                case "src": src = Text(ref reader, field); break;
                case "rephrase": rephrase = Text(ref reader, field); break;
                case "alt": alt = Text(ref reader, field); break;
                case "loc": loc = Text(ref reader, field); break;
                case "loc_ans": locAns = Text(ref reader, field); break;
                case "relation": relation = Text(ref reader, field); break;
                default: reader.TrySkip(); break; // never short of bytes: the whole record is in the buffer
            }
        }

        if (src is null) throw Wrong(begin, "field \"src\" with a text", "none or a blank one");
        if (alt is null) throw Wrong(begin, "field \"alt\" with a text", "none or a blank one");
        return new EditRecord
        {
            Subject = subject,
            Src = src,
            Rephrase = rephrase,
            Alt = alt,
            Loc = loc,
            LocAns = locAns,
            Relation = relation,
        };
    }

    /// <summary>
    /// A field that is there twice would win over the other in silence, and <c>"Rephrase"</c> would be passed over as one of those
    /// that nobody here knows.
    /// </summary>
    private void CheckField(Utf8JsonReader reader, string field)
    {
        if (!fields.Add(field)) throw Wrong(reader, "each field once", $"{Quoted.Text(field)} twice");
        if (Known.FirstOrDefault(known => known.Equals(field, StringComparison.OrdinalIgnoreCase)) is { } meant && meant != field)
            throw Wrong(reader, $"field \"{meant}\" in lower case", Quoted.Text(field));
    }

    private string? Text(ref Utf8JsonReader reader, string field)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.String) throw Wrong(reader, $"a text in field \"{field}\"", Name(reader.TokenType));
        string text = String(ref reader, $"a text in field \"{field}\"");
        return string.IsNullOrWhiteSpace(text) ? null : text;
    }

    private string String(ref Utf8JsonReader reader, string expected)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException) // how the reader reports broken UTF-8 and half surrogate pairs
        {
            throw Wrong(reader, expected, "bytes that are not valid UTF-8, or half a surrogate pair");
        }
    }

    private InputException Wrong(Utf8JsonReader reader, string expected, string got)
    {
        int line = 1 + linesBefore + buffer.AsSpan(start, (int)reader.TokenStartIndex).Count((byte)'\n');
        string where = place == Place.AfterArray ? "after the end of the array" : $"record {recordIndex} (counted from 0)";
        if (place == Place.AfterArray) expected = "nothing more";
        return new InputException($"Record file '{path}', {where}, line {line}: expected {expected}, got {got}.", Expected);
    }

    private static string Name(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a text",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        _ => "null",
    };

    // The reader's message ends in its own account of the place.
    private static string Reason(JsonException error)
    {
        int place = error.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return place < 0 ? error.Message : error.Message[..place];
    }

    private void Begin()
    {
        do Fill();
        while (!isFinal && end < 3);
        if (buffer.AsSpan(0, end).StartsWith("\uFEFF"u8)) start = 3;
    }

    private void Consume(Utf8JsonReader reader)
    {
        int consumed = (int)reader.BytesConsumed;
        linesBefore += buffer.AsSpan(start, consumed).Count((byte)'\n');
        start += consumed;
        state = reader.CurrentState;
    }

    private void Fill()
    {
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        end -= start;
        start = 0;
        if (end == buffer.Length) Array.Resize(ref buffer, 2 * buffer.Length);
        int read = stream.Read(buffer.AsSpan(end));
        end += read;
        isFinal = read == 0;
    }
}
