namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>Runs of tokens, numbered from 1 in the order in which they come.</summary>
internal sealed class TokenRuns
{
    private readonly Dictionary<int[], int> numbers = new(Comparer);

    /// <summary>Compares runs by their tokens; a part of a longer run can be looked up without a copy.</summary>
    public static IEqualityComparer<int[]> Comparer { get; } = new ByTokens();

    /// <summary>The number of a run; a new one for a new run.</summary>
    public int NumberOf(int[] run)
    {
        if (!numbers.TryGetValue(run, out int number)) numbers.Add(run, number = numbers.Count + 1);
        return number;
    }

    /// <summary>The number of the run of some length that a text ends with; 0 where that is none of these.</summary>
    public int EndOf(ReadOnlySpan<int> text, int length) =>
        length <= text.Length && numbers.GetAlternateLookup<ReadOnlySpan<int>>().TryGetValue(text[^length..], out int number) ? number : 0;

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
