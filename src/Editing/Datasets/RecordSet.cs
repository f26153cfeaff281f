using Sharpformer.Tensors;

namespace Sharpformer.Editing.Datasets;

/// <summary>What a file of records holds.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Layout">The layout that its first record showed.</param>
/// <param name="Count">Records of the file, also those that cannot be used; one may hold several edits.</param>
/// <param name="Edits">The edits of those that can be used.</param>
/// <param name="BadCount">How many cannot be used.</param>
/// <param name="Bad">The first of these, at most <see cref="MostBad"/>.</param>
public sealed record RecordSet(
    string File, string Layout, int Count, IReadOnlyList<EditRecord> Edits, int BadCount, IReadOnlyList<BadRecord> Bad)
{
    /// <summary>So many records that cannot be used are named; others are counted.</summary>
    public const int MostBad = 100;

    /// <summary>The edits, if all records can be used.</summary>
    /// <exception cref="InputException">Some cannot; the first is told.</exception>
    public IReadOnlyList<EditRecord> Sound()
    {
        if (Bad is not [var first, ..]) return Edits;
        string more = BadCount == 1 ? "" : $" {BadCount} of {Count} records cannot be used.";
        throw new InputException($"{first}{more}", $"the layout is {Layout}; mend what cannot be used, or leave it out.");
    }
}
