using System.Text;
using System.Text.Json;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Exchange;

/// <summary>
/// Edits as JSON Lines, with everything that a store knows of them: the first line says whose they are, each other one is an edit with its
/// tensors, its status and its history, and a checksum. docs/exchange.md describes it.
/// </summary>
public static class EditLines
{
    private const int Version = 1;

    /// <summary>Writes edits of a store.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="store">The store; bound to its model.</param>
    /// <param name="filter">Which edits; null for all, removed ones included.</param>
    /// <param name="at">As they were then; null is now.</param>
    /// <returns>How many.</returns>
    /// <exception cref="InputException">
    /// The store holds no edit, what it takes was removed since, or of edits that are one solution only some are asked for.
    /// </exception>
    public static int Write(TextWriter writer, EditStore store, EditFilter? filter = null, StoreMoment? at = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(store);
        StoreIdentity identity = store.Identity ?? throw new InputException($"Edit store '{store.Path}' holds no edits.");
        ILookup<long, EditEvent> events = Reached(store.Events(), at).ToLookup(line => line.EditId);
        ILookup<bool, Edit> edits = store.List(withParts: false, includeRemoved: true, at).ToLookup(edit => filter?.Matches(edit) != false);
        EditBatches.RequireWhole(edits[true], edits[false]);
        int count = edits[true].Count();
        writer.WriteLine(EditLine.ToJson(new EditLinesHeader(
            EditLinesHeader.FormatName, Version, identity.Model, identity.NEmbd, identity.Config, count)));
        foreach (long id in edits[true].Select(edit => edit.Id))
            writer.WriteLine(EditLine.ToJson(EditLine.Of(Whole(store.Get(id, at), store, at), [.. events[id]])));
        return count;
    }

    /// <summary>A store takes over the edits of a file, in one change, by the rules of <see cref="StoreMerge"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="output">The store; made if it does not exist. An empty one then answers as the one that was written.</param>
    /// <param name="policy">What to do where a prompt is answered otherwise.</param>
    /// <param name="reason">Why; kept with the events.</param>
    /// <param name="time">Clock for the time of the events; null is the system's.</param>
    /// <param name="author">Who does it; null is <see cref="EditAuthor.Current"/>.</param>
    /// <exception cref="InputException">The file is not what was written, or does not go with the store.</exception>
    public static MergeReport Import(
        string path, string output, ConflictPolicy policy = default, string? reason = null, TimeProvider? time = null,
        EditAuthor? author = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        using var file = new LineFile(path);
        EditLinesHeader header = ReadHeader(file);
        var edits = new List<Edit>();
        var events = new List<EditEvent>();
        while (Next(file, header.NEmbd) is var (line, edit)) // their tensors are read again when they are stored: many may be large
        {
            if (edits is [.., var before] && edit.Id <= before.Id)
                throw file.Wrong($"edit {edit.Id} follows edit {before.Id}, expected a greater number");
            edits.Add(edit with { Parts = [] });
            events.AddRange(line.Events);
        }

        if (edits.Count != header.Edits)
        {
            string last = edits is [.., var end] ? $"the last is edit {end.Id}" : "there is none";
            throw new InputException(
                $"{path}: the first line says that {header.Edits} edits follow, got {edits.Count}: {last}.",
                "was the file cut off? Export it again.");
        }

        file.Rewind();
        ReadHeader(file);
        var source = new MergeSource(path, new StoreIdentity(header.Model, header.NEmbd, header.Config), edits, events, wanted =>
        {
            while (Next(file, header.NEmbd) is var (_, edit))
                if (edit.Id == wanted.Id) return edit;
            throw new InputException($"{path}: edit {wanted.Id} is there no more: the file was changed meanwhile.", "try again.");
        });
        try
        {
            return StoreMerge.Into(output, [source], policy, reason, time, author);
        }
        catch (ArgumentException e) // what a store takes from no program
        {
            throw new InputException($"{path}: it holds an edit that cannot be stored ({e.Message})", null, e);
        }
    }

    // What was silent then is listed without what it takes to apply, if that was removed since.
    // Of edits that share one change it is the first that holds it.
    private static Edit Whole(Edit edit, EditStore store, StoreMoment? at) =>
        edit.Status == EditStatus.Removed || edit.Parts.Count > 0 || EditorCatalog.IsOfBatch(edit)
        ? edit
        : throw new InputException(
            $"Edit store '{store.Path}' cannot be written as of {at}: edit {edit.Id} was removed since, and with it what it takes to "
                + "apply.",
            "choose a later moment, or other edits.");

    private static IEnumerable<EditEvent> Reached(IReadOnlyList<EditEvent> events, StoreMoment? at)
    {
        if (at is not { } moment) return events;
        long last = events.LastOrDefault(moment.IsReached)?.Change ?? 0;
        return events.TakeWhile(line => line.Change <= last);
    }

    private static EditLinesHeader ReadHeader(LineFile file)
    {
        if (file.Next() is not { } text)
            throw new InputException($"{file.Path}: the file is empty, expected edits as 'edits export' writes them.");
        EditLinesHeader header;
        try
        {
            header = EditLine.Parse<EditLinesHeader>(text);
        }
        catch (JsonException)
        {
            throw file.Wrong(
                "expected the first line of a file that 'edits export --jsonl' wrote",
                "the facts of a file of records are taught by 'edits add --input'.");
        }

        if (header.Format != EditLinesHeader.FormatName)
            throw file.Wrong($"the format is {Quoted.Text(header.Format)}, expected \"{EditLinesHeader.FormatName}\"");
        if (header.Version != Version) throw file.Wrong($"the format's version is {header.Version}, this program knows {Version}");
        return header.NEmbd > 0 ? header : throw file.Wrong($"nEmbd is {header.NEmbd}");
    }

    private static (EditLine Line, Edit Edit)? Next(LineFile file, int nEmbd)
    {
        if (file.Next() is not { } text) return null;
        try
        {
            EditLine line = EditLine.Parse<EditLine>(text);
            return (line, line.ToEdit(nEmbd));
        }
        catch (InputException e)
        {
            throw file.Wrong(e.Message);
        }
        catch (FormatException e) // this program's own words
        {
            throw file.Wrong($"it is no edit as 'edits export' writes them ({e.Message})");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw file.Wrong($"it is no edit as 'edits export' writes them ({Place(e)})");
        }
    }

    // Where in the line it is, or which field: what the reader says of it quotes whatever is there.
    private static string Place(Exception error) => error switch
    {
        JsonException { Path: { Length: > 2 } path } => $"see {Quoted.Bare(path[2..])}",
        JsonException { BytePositionInLine: { } at } => $"see byte {at + 1}",
        JsonException => "a field is missing or is none that an edit has",
        _ => "half a surrogate pair in a text",
    };

    /// <summary>The lines of a text file, counted.</summary>
    private sealed class LineFile : IDisposable
    {
        private readonly FileStream stream;
        private StreamReader reader;
        private int number;

        public LineFile(string path)
        {
            Path = path;
            if (Directory.Exists(path)) throw new InputException($"{path}: expected a file, got a folder.");
            if (!File.Exists(path)) throw new InputException($"{path}: the file does not exist.");
            stream = Told(() => File.OpenRead(path));
            reader = Reader();
        }

        public string Path { get; }

        /// <summary>The next line that is not blank; null at the end.</summary>
        public string? Next() => Told(() =>
        {
            while (reader.ReadLine() is { } line)
            {
                number++;
                if (!string.IsNullOrWhiteSpace(line)) return line;
            }

            return null;
        });

        public void Rewind()
        {
            stream.Position = 0;
            (reader, number) = (Reader(), 0);
        }

        public InputException Wrong(string what, string hint = "was the file changed, or cut off?") =>
            new($"{Path}, line {number}: {what.TrimEnd('.')}.", hint);

        public void Dispose() => stream.Dispose();

        private StreamReader Reader() => new(
            stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true), true, 1 << 16, leaveOpen: true);

        private T Told<T>(Func<T> read)
        {
            try
            {
                return read();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
            {
                throw new InputException($"{Path}: cannot be read: {FileErrors.Reason(e)}.", null, e);
            }
        }
    }
}
