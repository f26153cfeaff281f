namespace Sharpformer.Editing;

/// <summary>Sequences of tokens as keys: of dictionaries, sets and lookups.</summary>
internal static class TokenSequences
{
    /// <summary>Compares sequences token by token; a part of a longer one can be looked up without a copy.</summary>
    public static IEqualityComparer<int[]> Comparer { get; } = new ByTokens();

    private sealed class ByTokens : IEqualityComparer<int[]>, IAlternateEqualityComparer<ReadOnlySpan<int>, int[]>
    {
        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<int> alternate, int[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<int> alternate)
        {
            var hash = default(HashCode);
            foreach (int token in alternate) hash.Add(token);
            return hash.ToHashCode();
        }

        public int[] Create(ReadOnlySpan<int> alternate) => alternate.ToArray();
    }
}
