using System.Text;

namespace Sharpformer.Cli;

/// <summary>Colours of a cell, where there are colours.</summary>
internal enum Paint
{
    /// <summary>The screen's own.</summary>
    None,

    /// <summary>What is as it should be.</summary>
    Green,

    /// <summary>What is not.</summary>
    Red,
}

/// <summary>A cell of a <see cref="Table"/>.</summary>
/// <param name="Text">On one line, fit for a screen.</param>
/// <param name="Paint">Its colour.</param>
internal readonly record struct Cell(string Text, Paint Paint = Paint.None);

/// <summary>
/// A table for people. Where a screen is too narrow for it, texts are broken between words, and columns that can be spared are left out
/// before a word is broken; a file has all of them, each row on one line.
/// </summary>
internal sealed class Table
{
    private const int LongestUnbroken = 24, WrittenAtOnce = 1 << 15;

    private readonly string[] headers;
    private readonly List<Cell[]> rows = [];
    private int[] spared = [];

    /// <summary>A table with these columns, each of which says what it holds.</summary>
    public Table(params ReadOnlySpan<string> headers) => this.headers = headers.ToArray();

    /// <summary>
    /// Names the columns that a narrow screen does without, the first to go first; any without text, or with dashes only, goes before.
    /// </summary>
    public Table Sparing(params int[] columns)
    {
        spared = columns;
        return this;
    }

    /// <summary>Adds a row.</summary>
    public void Add(params ReadOnlySpan<Cell> cells) => rows.Add(cells.ToArray());

    /// <summary>Writes it.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="width">The columns of the screen.</param>
    /// <param name="isColoured">Whether there are colours.</param>
    public void Write(TextWriter writer, int width, bool isColoured)
    {
        (int[] shown, int[] widths) = Layout(width);
        var line = new StringBuilder();
        var parts = new string[shown.Length][]; // of a row's cells, one a line
        Rule('╭', '┬', '╮');
        Row([.. headers.Select(header => new Cell(header))]);
        Rule('├', '┼', '┤');
        foreach (Cell[] row in rows) Row(row);
        Rule('╰', '┴', '╯');
        writer.Write(line);

        void Rule(char left, char middle, char right)
        {
            line.Append(left);
            for (int i = 0; i < widths.Length; i++) line.Append(i == 0 ? "" : middle.ToString()).Append('─', widths[i] + 2);
            line.Append(right).Append(writer.NewLine);
        }

        void Row(Cell[] cells)
        {
            if (line.Length > WrittenAtOnce) // a terminal or a file is asked for a few lines at a time, not for each
            {
                writer.Write(line);
                line.Clear();
            }

            int height = 1;
            for (int i = 0; i < shown.Length; i++)
            {
                string text = cells[shown[i]].Text;
                parts[i] = TextWrap.WidthOf(text) <= widths[i] ? [text] : [.. TextWrap.Lines(text, widths[i])];
                height = Math.Max(height, parts[i].Length);
            }

            for (int part = 0; part < height; part++)
            {
                line.Append('│');
                for (int i = 0; i < shown.Length; i++)
                {
                    string text = part < parts[i].Length ? parts[i][part] : "";
                    line.Append(' ').Append(Painted(text, isColoured ? cells[shown[i]].Paint : Paint.None));
                    line.Append(' ', widths[i] - TextWrap.WidthOf(text) + 1).Append('│');
                }

                line.Append(writer.NewLine);
            }
        }
    }

    /// <summary>The columns that are shown, and their widths.</summary>
    private (int[] Shown, int[] Widths) Layout(int width)
    {
        int[] natural = [.. headers.Select((header, i) => rows.Max(row => TextWrap.WidthOf(row[i].Text), TextWrap.WidthOf(header)))];
        List<int> shown = [.. Enumerable.Range(0, headers.Length)];
        if (natural.Sum() <= Room(shown.Count)) return ([.. shown], natural);

        int[] least = [.. headers.Select((header, i) =>
            Math.Min(LongestUnbroken, rows.Max(row => TextWrap.LongestWord(row[i].Text), TextWrap.LongestWord(header))))];
        int[] blank = [.. shown.Where(column => !rows.Exists(row => row[column].Text is not ("" or "-")))];
        foreach (int column in blank.Concat(spared).Distinct())
        {
            if (shown.Count == 1 || shown.Sum(i => least[i]) <= Room(shown.Count)) break;
            shown.Remove(column);
        }

        int[] widths = [.. shown.Select(i => least[i])];
        while (widths.Sum() > Room(shown.Count) && widths.Max() > 1) widths[Array.IndexOf(widths, widths.Max())]--; // now words break
        for (int left = Room(shown.Count) - widths.Sum(); left > 0; left--)
        {
            int narrowest = -1;
            for (int i = 0; i < widths.Length; i++)
                if (widths[i] < natural[shown[i]] && (narrowest < 0 || widths[i] < widths[narrowest])) narrowest = i;
            if (narrowest < 0) break;
            widths[narrowest]++;
        }

        return ([.. shown], widths);

        int Room(int columns) => width - 1 - (3 * columns);
    }

    private static string Painted(string text, Paint paint) => paint switch
    {
        Paint.Green => $"\e[32m{text}\e[0m",
        Paint.Red => $"\e[31m{text}\e[0m",
        _ => text,
    };
}

/// <summary>Largest values.</summary>
file static class Largest
{
    /// <summary>The largest of some numbers and <paramref name="least"/>.</summary>
    public static int Max<T>(this List<T> items, Func<T, int> number, int least)
    {
        foreach (T item in items) least = Math.Max(least, number(item));
        return least;
    }
}
