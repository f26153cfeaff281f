using Sharpformer.Editing.Datasets.Layouts;

namespace Sharpformer.Editing.Datasets;

/// <summary>How the records of a data set are laid out, and what they mean.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Shape">The fields by which people know it.</param>
/// <param name="Target">The field of the new answer.</param>
/// <param name="Known">All fields of the record itself that it has a use for.</param>
/// <param name="Fits">Whether a record's fields are such.</param>
/// <param name="Map">The edits that a record asks for. Where the target is absent it is empty.</param>
internal sealed record Layout(
    string Name, string Shape, string Target, IReadOnlyList<string> Known, Func<RecordFields, bool> Fits,
    Func<RecordFields, IEnumerable<EditRecord>> Map)
{
    /// <summary>Whether fields that it has no use for are kept with the edit.</summary>
    public bool KeepsOthers { get; init; }

    /// <summary>Whether it has a use for a field.</summary>
    public bool Uses(string field) => Known.Contains(field);

    /// <summary>The known field that was meant where a field's name differs by its case alone; null for others.</summary>
    public string? Misspelt(string field) =>
        Uses(field) ? null : Known.FirstOrDefault(known => known.Equals(field, StringComparison.OrdinalIgnoreCase));
}

/// <summary>All layouts that are known; the first that fits is taken. A new one is one small file and a line here.</summary>
internal static class LayoutCatalog
{
    /// <summary>What a file should look like, as a hint.</summary>
    public const string Expected = "expected a JSON array of records, one JSON record per line, or a table with a first line of names.";

    /// <summary>The layouts.</summary>
    public static IReadOnlyList<Layout> All { get; } =
    [
        ZsreLayout.Layout, MquakeLayout.Layout, CounterFactLayout.Layout, EasyEditRequestLayout.Layout, MendLayout.Layout,
        EasyEditLayout.Layout, QaEditLayout.Layout, PlainLayout.Layout,
    ];

    /// <summary>The layout of a record; null where none fits.</summary>
    public static Layout? Of(RecordFields record) => All.FirstOrDefault(layout => layout.Fits(record));
}
