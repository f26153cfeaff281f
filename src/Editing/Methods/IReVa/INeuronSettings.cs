using Sharpformer.Tensors;

namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>Settings of edits that are knowledge neurons: all beside one block compete, whichever method made them.</summary>
public interface INeuronSettings
{
    /// <summary>The block they sit beside, 0-based.</summary>
    int Layer { get; }

    /// <summary>θ: how close a state has to come, as a share of the edit's own prompt's score.</summary>
    float Theta { get; }

    /// <summary>α: scale of what they say (Eq. 12).</summary>
    float Alpha { get; }

    /// <summary>Whether they compete everywhere, as published, or where it is their turn, see <see cref="Turns"/>.</summary>
    bool AsPublished { get; }

    /// <summary>What a text must name for them to speak; null for nothing.</summary>
    SubjectLock? LockOf(EditRequest request);

    /// <summary>All neurons of a store's method compete at one block: refuses any other.</summary>
    /// <param name="first">The settings of the store's first edit by the same method.</param>
    /// <param name="store">The store's path, for the message.</param>
    /// <exception cref="InputException">They are of another block.</exception>
    void RequireSameBlock(EditSettings first, string store)
    {
        if (first is not INeuronSettings { Layer: var block } || block == Layer) return;
        throw new InputException(
            $"Edit store '{store}' holds edits of block {block}, asked for is block {Layer}.",
            $"use layer {block}, or start a new store for block {Layer}.");
    }
}
