using System.Numerics;

namespace Sharpformer.Editing.Datasets;

/// <summary>Counts lines as editors do: one ends at LF, at CRLF, and at a CR alone.</summary>
internal struct LineCounter()
{
    private bool afterReturn;

    /// <summary>The line that the next character is on, counted from 1.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>Goes past some text, of bytes or of characters.</summary>
    public void Pass<T>(ReadOnlySpan<T> text) where T : unmanaged, IBinaryInteger<T>
    {
        T feed = T.CreateTruncating('\n'), carriage = T.CreateTruncating('\r');
        if (text.IsEmpty) return;
        Line += text.Count(feed) + text.Count(carriage);
        if (afterReturn && text[0] == feed) Line--;
        for (ReadOnlySpan<T> rest = text; rest.IndexOf(carriage) is >= 0 and var at; rest = rest[(at + 1)..])
            if (at + 1 < rest.Length && rest[at + 1] == feed) Line--;
        afterReturn = text[^1] == carriage;
    }
}
