using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>Random choices.</summary>
internal static class Choice
{
    /// <summary>One of several.</summary>
    public static T Of<T>(this Rng rng, IReadOnlyList<T> several) => several[rng.NextInt(several.Count)];

    /// <summary>Whether something happens that happens in so many of a hundred cases.</summary>
    public static bool Percent(this Rng rng, int share) => rng.NextInt(100) < share;
}
