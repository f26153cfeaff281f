using System.Text.Json;

namespace Sharpformer.Editing.Datasets;

/// <summary>A field of a record is not what its layout says. Never leaves <see cref="RecordFile"/>.</summary>
/// <param name="path">Names of objects and indices of lists that lead to the field; empty for the record itself.</param>
/// <param name="expected">What should be there.</param>
/// <param name="got">What is there.</param>
/// <param name="isSecond">Whether it is the second field of that name.</param>
internal sealed class FieldFault(IReadOnlyList<object> path, string expected, string got, bool isSecond = false) : Exception
{
    public string Expected => expected;

    public string Got => got;

    /// <summary>The path as people write it: <c>locality.Forgetfulness[2].prompt</c>; null for the record itself.</summary>
    public string? Field => path.Count == 0
        ? null
        : string.Concat(path.Select((step, i) => step is int at ? $"[{at}]" : i == 0 ? step : $".{step}"));

    /// <summary>The line of the field in its file.</summary>
    public int LineIn(RawRecord record)
    {
        var lines = new LineCounter();
        lines.Pass(record.Bytes.Span[..Offset(record.Bytes.Span)]);
        return record.Line + lines.Line - 1;
    }

    /// <summary>Where the field begins among the record's bytes; of one that is missing, where what should have it begins.</summary>
    private int Offset(ReadOnlySpan<byte> record)
    {
        if (record.IsEmpty) return 0;
        var reader = new Utf8JsonReader(record);
        reader.Read();
        int offset = 0;
        for (int step = 0; step < path.Count; step++)
        {
            int wanted = isSecond && step == path.Count - 1 ? 2 : 1;
            if (!(path[step] is int at ? Enter(ref reader, at, ref offset) : Enter(ref reader, (string)path[step], wanted, ref offset)))
                break;
        }

        return offset;
    }

    private static bool Enter(ref Utf8JsonReader reader, int at, ref int offset)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return false;
        for (int i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            if (i == at)
            {
                offset = (int)reader.TokenStartIndex;
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static bool Enter(ref Utf8JsonReader reader, string name, int wanted, ref int offset)
    {
        if (reader.TokenType != JsonTokenType.StartObject) return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int start = (int)reader.TokenStartIndex;
            bool isIt = reader.ValueTextEquals(name) && --wanted == 0;
            reader.Read();
            if (isIt)
            {
                offset = start;
                return true;
            }

            reader.Skip();
        }

        return false;
    }
}
