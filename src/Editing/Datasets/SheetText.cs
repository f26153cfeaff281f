namespace Sharpformer.Editing.Datasets;

/// <summary>
/// Texts in tables that spreadsheets open: what they would take for a formula stands behind an apostrophe, and reading takes it away again.
/// </summary>
internal static class SheetText
{
    /// <summary>A text as it is written.</summary>
    public static string? Write(string? text) => IsFormula(text) ? "'" + text : text;

    /// <summary>A text as it was.</summary>
    public static string Read(string cell) => cell.StartsWith('\'') && IsFormula(cell[1..]) ? cell[1..] : cell;

    // Also what was written behind an apostrophe before, so that one is taken away for each that was set.
    private static bool IsFormula(string? text) =>
        text?.TrimStart('\'') is [var first, ..] && first is '=' or '+' or '-' or '@' or '\t' or '\r';
}
