using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>
/// Deals cards without putting them back, and shuffles all of them when none is left: so after many, each has come as often as any other.
/// </summary>
/// <param name="cards">At least one.</param>
/// <param name="rng">Shuffles.</param>
internal sealed class Deck<T>(IReadOnlyList<T> cards, Rng rng)
{
    private readonly T[] order = [.. cards];
    private int left;

    /// <summary>The next card.</summary>
    public T Deal()
    {
        if (left == 0) left = order.Length;
        int chosen = rng.NextInt(left--);
        (order[chosen], order[left]) = (order[left], order[chosen]);
        return order[left];
    }
}
