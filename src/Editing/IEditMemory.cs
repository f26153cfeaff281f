using Sharpformer.Autograd;
using Sharpformer.Transformer;

namespace Sharpformer.Editing;

/// <summary>
/// Edits that sit beside a block and decide at each token by what they read there whether to speak: an adaptor of knowledge neurons. It
/// acts on the last position of a sequence only (<see cref="Reach.Last"/>).
/// </summary>
public interface IEditMemory : IKeyedEdits
{
    /// <summary>The block, 0-based.</summary>
    int Block { get; }

    /// <summary>Where it reads.</summary>
    Site Reads { get; }

    /// <summary>Where it changes what passes; not before <see cref="Reads"/>.</summary>
    Site Writes { get; }

    /// <summary>What passes at <see cref="Writes"/> once the edits have spoken, <c>[R,…]</c>.</summary>
    /// <param name="passing">What passed there before, <c>[R,…]</c>.</param>
    /// <param name="firings">What <see cref="IKeyedEdits.Fire"/> gave for these rows.</param>
    Variable Apply(Variable passing, IReadOnlyList<Firing> firings);
}
