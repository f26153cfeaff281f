using Sharpformer.Autograd;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>
/// Edits that sit beside a block and decide by what they read there whether to speak: an adaptor of knowledge neurons, a codebook, a side
/// memory. A value: nothing about it changes once it is made. It acts on the last position of a sequence only
/// (<see cref="Reach.Last"/>).
/// </summary>
public interface IEditMemory
{
    /// <summary>The block, 0-based.</summary>
    int Block { get; }

    /// <summary>Where it reads.</summary>
    Site Reads { get; }

    /// <summary>Where it changes what passes; not before <see cref="Reads"/>.</summary>
    Site Writes { get; }

    /// <summary>Whether an edit sits here.</summary>
    /// <param name="edit">Its id.</param>
    bool Holds(long edit);

    /// <summary>Whether an edit keeps silent whatever is read, as the text does not name what it is about.</summary>
    /// <param name="edit">Its id.</param>
    /// <param name="tokens">The text so far.</param>
    bool IsLocked(long edit, int[] tokens) => false;

    /// <summary>Which edit speaks at each row, or comes closest to it.</summary>
    /// <param name="read">What passes at <see cref="Reads"/>, <c>[R,…]</c>.</param>
    /// <param name="tokens">What was read up to each row.</param>
    /// <param name="withdrawn">For each row an edit to be taken as withdrawn, or null for none; null for none anywhere.</param>
    Firing[] Fire(Tensor read, RowTokens tokens, IReadOnlyList<long?>? withdrawn = null);

    /// <summary>How the edits see one row, the one that speaks first and then those that come closest.</summary>
    /// <param name="read">What passes at <see cref="Reads"/>, <c>[1,…]</c>.</param>
    /// <param name="tokens">What was read up to that row.</param>
    /// <param name="count">At most so many.</param>
    IReadOnlyList<Firing> Nearest(Tensor read, RowTokens tokens, int count);

    /// <summary>All edits that would speak at each row, or keep silent there as they are withdrawn, the strongest first.</summary>
    /// <param name="read">What passes at <see cref="Reads"/>, <c>[R,…]</c>.</param>
    /// <param name="tokens">What was read up to each row.</param>
    IReadOnlyList<Firing>[] Claims(Tensor read, RowTokens tokens);

    /// <summary>What passes at <see cref="Writes"/> once the edits have spoken, <c>[R,…]</c>.</summary>
    /// <param name="passing">What passed there before, <c>[R,…]</c>.</param>
    /// <param name="firings">What <see cref="Fire"/> gave for these rows.</param>
    Variable Apply(Variable passing, IReadOnlyList<Firing> firings);
}
