using System.Text;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Datasets;

/// <summary>
/// A file of edits in one of the layouts that people have, see docs/datasets.md: a JSON array, JSON Lines, or a table with a first line of
/// names. The first record shows which layout it is. Records are read one by one.
/// </summary>
public sealed class RecordFile : IDisposable
{
    private const int HeadLength = 1 << 16;

    private readonly Stream stream;
    private readonly Func<RawRecord?> next;
    private CsvRecords? table;
    private readonly Dictionary<string, int> fields = [];
    private Layout? layout;

    private RecordFile(Stream stream, string name)
    {
        (this.stream, Name) = (stream, name);
        try
        {
            next = Told(() => Source(stream, name));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The file's name, as errors give it.</summary>
    public string Name { get; }

    /// <summary>The name of its layout; null before the first record is read.</summary>
    public string? Layout => layout?.Name;

    /// <summary>In how many of the records read so far each field is there, in the order in which they came.</summary>
    public IReadOnlyDictionary<string, int> Fields => fields;

    /// <summary>Those of <see cref="Fields"/> that the layout has no use for.</summary>
    public IEnumerable<string> Unused => layout is null or { KeepsOthers: true } ? [] : fields.Keys.Where(name => !layout.Uses(name));

    /// <summary>Opens a file.</summary>
    /// <exception cref="InputException">It is missing, cannot be read, is no file, or is in no encoding that is known.</exception>
    public static RecordFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new RecordFile(OpenFile(path), path);
    }

    /// <summary>Reads from any stream, standard input for one.</summary>
    /// <param name="stream">Closed with this.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="InputException">It cannot be read, or is in no encoding that is known.</exception>
    public static RecordFile Over(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return new RecordFile(stream, name);
    }

    /// <summary>The records from here on: what each asks for, or why it cannot be used.</summary>
    /// <param name="needsTarget">Whether a record without a target cannot be used.</param>
    /// <exception cref="InputException">The first record is of no known layout, or what follows cannot be read at all.</exception>
    public IEnumerable<(int Index, IReadOnlyList<EditRecord> Edits, BadRecord? Bad)> Read(bool needsTarget = true)
    {
        while (Told(next) is { } record)
        {
            using (record)
            {
                (IReadOnlyList<EditRecord> edits, BadRecord? bad) = Parse(record, needsTarget);
                yield return (record.Index, edits, bad);
            }
        }
    }

    /// <summary>All records, good and bad.</summary>
    /// <param name="limit">Stops after so many; what follows is not looked at. Null reads all.</param>
    /// <param name="needsTarget">Whether a record without a target cannot be used.</param>
    /// <exception cref="InputException">There is none, the first is of no known layout, or what follows cannot be read at all.</exception>
    public RecordSet Load(int? limit = null, bool needsTarget = true)
    {
        if (limit <= 0) throw new InputException($"Limit {limit} of records from '{Name}': expected 1 or more.");
        var edits = new List<EditRecord>();
        var bad = new List<BadRecord>();
        int count = 0, badCount = 0;
        foreach ((_, IReadOnlyList<EditRecord> some, BadRecord? fault) in Read(needsTarget))
        {
            count++;
            edits.AddRange(some);
            if (fault is not null && badCount++ < RecordSet.MostBad) bad.Add(fault);
            if (count == limit) break;
        }

        if (count == 0) throw new InputException($"Record file '{Name}' holds no record.", LayoutCatalog.Expected);
        return new RecordSet(Name, Layout ?? "unknown", count, edits, badCount, bad);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        table?.Dispose();
        stream.Dispose();
    }

    /// <summary>The bytes of a file, once it is known to be one.</summary>
    /// <exception cref="InputException">It is none, or cannot be read.</exception>
    internal static FileStream OpenFile(string path)
    {
        if (Directory.Exists(path)) throw new InputException($"Record file '{path}': expected a file, got a folder.");
        if (!File.Exists(path)) throw new InputException($"Record file '{path}' does not exist.", "check the path.");
        try
        {
            // Asked before it is opened: a pipe would wait for its writer, and /dev/zero never ends. Neither has a length.
            return FileLength.Of(path) > 0 ? File.OpenRead(path) : throw new InputException(
                $"Record file '{path}' holds no record: it is empty, or no file but a pipe or a device.",
                "standard input is '-': pipe records into that.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Record file '{path}' cannot be read: {FileErrors.Reason(e)}.", null, e);
        }
    }

    private (IReadOnlyList<EditRecord> Edits, BadRecord? Bad) Parse(RawRecord record, bool needsTarget)
    {
        if (record.Fault is var (expected, got)) return ([], new BadRecord(Name, record.Index, record.Line, null, expected, got));
        try
        {
            var its = RecordFields.Of(record.Json!.RootElement);
            layout ??= LayoutCatalog.Of(its) ?? throw Unknown(record, its);
            foreach (string name in its.Names)
            {
                if (layout.Misspelt(name) is { } meant) throw its.Wrong(name, $"field \"{meant}\" in lower case", Quoted.Text(name));
                fields[name] = fields.GetValueOrDefault(name) + 1;
            }

            EditRecord[] edits = [.. layout.Map(its)];
            if (needsTarget && edits.Any(edit => edit.Target.Length == 0)) throw its.Missing(layout.Target);
            if (edits.Any(edit => edit.Subject is null && edit.Paraphrases.Prepend(edit.Prompt).Any(TextRules.HasPlace)))
                throw new FieldFault([], "a subject to fill the {} of its prompts", "none");
            string source = $"{Path.GetFileName(Name)}#{record.Index}";
            return ([.. edits.Select((edit, i) => edit.Source.Length > 0
                ? edit
                : edit with { Source = edits.Length == 1 ? source : $"{source}.{i}" })], null);
        }
        catch (FieldFault fault)
        {
            return ([], new BadRecord(Name, record.Index, fault.LineIn(record), fault.Field, fault.Expected, fault.Got));
        }
    }

    private InputException Unknown(RawRecord record, RecordFields its) => new(
        $"Record file '{Name}', record {record.Index} (counted from 0), line {record.Line}: it is of no layout that is known, "
            + $"its fields are {string.Join(", ", its.Names.Take(12).Select(Quoted.Text).DefaultIfEmpty("none"))}.",
        $"known are {string.Join("; ", LayoutCatalog.All.Select(known => $"{known.Name} ({known.Shape})"))}.");

    private Func<RawRecord?> Source(Stream stream, string name)
    {
        byte[] head = new byte[HeadLength];
        int length = stream.ReadAtLeast(head, HeadLength, throwOnEndOfStream: false);
        ReadOnlySpan<byte> text = head.AsSpan(0, length);
        if (text.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || text.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])
            || (length > 1 && (text[0] == 0) != (text[1] == 0)))
            throw new InputException($"Record file '{name}' is UTF-16 text, expected UTF-8.", "save it as UTF-8.");
        int mark = text.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        var whole = new HeadedStream(head.AsMemory(mark, length - mark), stream);
        text = text[mark..];
        int first = text.IndexOfAnyExcept(" \t\r\n"u8);
        if (first < 0 && length < HeadLength) return () => null;
        if (first < 0 || text[first] is (byte)'[' or (byte)'{') return new JsonRecords(whole, name, first >= 0 && text[first] == '[').Next;
        table = new CsvRecords(whole, text, name);
        return table.Next;
    }

    private T Told<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Record file '{Name}' cannot be read: {FileErrors.Reason(e)}.", null, e);
        }
    }
}
