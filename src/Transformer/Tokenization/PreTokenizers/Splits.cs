using System.Text;

namespace Sharpformer.Transformer.Tokenization.PreTokenizers;

/// <summary>What becomes of the places where a text is cut, by the names of Hugging Face's tokenizers.</summary>
internal enum SplitBehavior
{
    /// <summary>They are dropped.</summary>
    Removed,

    /// <summary>Each is a piece.</summary>
    Isolated,

    /// <summary>Each belongs to the piece before it.</summary>
    MergedWithPrevious,

    /// <summary>Each belongs to the piece behind it.</summary>
    MergedWithNext,

    /// <summary>Those in a row are one piece.</summary>
    Contiguous,
}

/// <summary>Cuts pieces at places that were found in them.</summary>
internal static class Splits
{
    /// <summary>Cuts at every character that <paramref name="isCut"/> names.</summary>
    public static IEnumerable<Piece> At(Piece piece, Func<Rune, bool> isCut, SplitBehavior behavior)
    {
        var found = new List<(int Start, int Length)>();
        int at = 0;
        foreach (Rune rune in piece.Text.EnumerateRunes())
        {
            if (isCut(rune)) found.Add((at, rune.Utf16SequenceLength));
            at += rune.Utf16SequenceLength;
        }

        return At(piece, found, behavior);
    }

    /// <summary>Cuts at places in order, without overlap.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="found">The places.</param>
    /// <param name="behavior">What becomes of them.</param>
    /// <param name="inverts">Whether what was found is kept, and what lies between is cut.</param>
    public static IEnumerable<Piece> At(
        Piece piece, IEnumerable<(int Start, int Length)> found, SplitBehavior behavior, bool inverts = false)
    {
        var parts = new List<(int Start, int End, bool IsCut)>();
        int done = 0;
        foreach ((int start, int length) in found)
        {
            if (start > done) parts.Add((done, start, inverts));
            parts.Add((start, start + length, !inverts));
            done = start + length;
        }

        if (done < piece.Text.Length) parts.Add((done, piece.Text.Length, inverts));
        return Join(parts, behavior).Where(part => part.End > part.Start).Select(part => piece.Part(part.Start, part.End - part.Start));
    }

    private static IEnumerable<(int Start, int End, bool IsCut)> Join(List<(int Start, int End, bool IsCut)> parts, SplitBehavior behavior)
    {
        if (behavior == SplitBehavior.Isolated) return parts;
        if (behavior == SplitBehavior.Removed) return parts.Where(part => !part.IsCut);
        bool isBackward = behavior == SplitBehavior.MergedWithNext;
        if (isBackward) parts.Reverse();
        var joined = new List<(int Start, int End, bool IsCut)>();
        bool wasCut = false;
        foreach ((int Start, int End, bool IsCut) part in parts)
        {
            bool joins = joined.Count > 0
                && (behavior == SplitBehavior.Contiguous ? part.IsCut == wasCut : part.IsCut && !wasCut);
            if (joins) joined[^1] = (Math.Min(joined[^1].Start, part.Start), Math.Max(joined[^1].End, part.End), part.IsCut);
            else joined.Add(part);
            wasCut = part.IsCut;
        }

        if (isBackward) joined.Reverse();
        return joined;
    }
}
