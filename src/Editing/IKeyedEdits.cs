using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>
/// Edits that decide by what is read whether to speak, beside a block (<see cref="IEditMemory"/>) or before anything is read
/// (<see cref="Routing.IPromptRouter"/>). A value: nothing about it changes once it is made.
/// </summary>
public interface IKeyedEdits
{
    /// <summary>Whether an edit is among them.</summary>
    /// <param name="edit">Its id.</param>
    bool Holds(long edit);

    /// <summary>Whether an edit keeps silent whatever is read, as the text does not name what it is about.</summary>
    /// <param name="edit">Its id.</param>
    /// <param name="tokens">The text so far.</param>
    bool IsLocked(long edit, int[] tokens) => false;

    /// <summary>Which edit speaks at each row, or comes closest to it.</summary>
    /// <param name="read">What it decides by, a row each, <c>[R,…]</c>.</param>
    /// <param name="tokens">What was read up to each row.</param>
    /// <param name="withdrawn">For each row an edit to be taken as withdrawn, or null for none; null for none anywhere.</param>
    Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null);

    /// <summary>How the edits see one row, the one that speaks first and then those that come closest.</summary>
    /// <param name="read">What it decides by, <c>[1,…]</c>.</param>
    /// <param name="tokens">What was read up to that row.</param>
    /// <param name="count">At most so many.</param>
    IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count);

    /// <summary>All edits that would speak at each row, or keep silent there as they are withdrawn, the strongest first.</summary>
    /// <param name="read">What it decides by, <c>[R,…]</c>.</param>
    /// <param name="tokens">What was read up to each row.</param>
    IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens);
}
