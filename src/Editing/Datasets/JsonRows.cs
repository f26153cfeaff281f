using Sharpformer.Tensors;

namespace Sharpformer.Editing.Datasets;

/// <summary>Objects of a JSON Lines file that are no edits yet: patterns, triples, questions.</summary>
internal static class JsonRows
{
    /// <summary>What is made of each row, one by one.</summary>
    /// <exception cref="InputException">The file cannot be read, or a row is not as it should be.</exception>
    public static IEnumerable<T> Read<T>(string path, Func<RecordFields, T> map)
    {
        using FileStream stream = RecordFile.OpenFile(path);
        var records = new JsonRecords(stream, path, isArray: false);
        while (Told(records.Next, path) is { } record)
        {
            using (record) yield return Parse(record, path, map);
        }
    }

    private static T Parse<T>(RawRecord record, string path, Func<RecordFields, T> map)
    {
        if (record.Fault is var (expected, got))
            throw new InputException($"{new BadRecord(path, record.Index, record.Line, null, expected, got)}");
        try
        {
            return map(RecordFields.Of(record.Json!.RootElement));
        }
        catch (FieldFault fault)
        {
            int line = fault.LineIn(record);
            throw new InputException($"{new BadRecord(path, record.Index, line, fault.Field, fault.Expected, fault.Got)}");
        }
    }

    private static RawRecord? Told(Func<RawRecord?> next, string path)
    {
        try
        {
            return next();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Record file '{path}' cannot be read: {FileErrors.Reason(e)}.", null, e);
        }
    }
}
