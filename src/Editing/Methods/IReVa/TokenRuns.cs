namespace Sharpformer.Editing.Methods.IReVa;

/// <summary>Runs of tokens, numbered from 1 in the order in which they come.</summary>
internal sealed class TokenRuns
{
    private readonly Dictionary<int[], int> numbers = new(TokenSequences.Comparer);

    /// <summary>The number of a run; a new one for a new run.</summary>
    public int NumberOf(int[] run)
    {
        if (!numbers.TryGetValue(run, out int number)) numbers.Add(run, number = numbers.Count + 1);
        return number;
    }

    /// <summary>The number of the run of some length that a text ends with; 0 where that is none of these.</summary>
    public int EndOf(ReadOnlySpan<int> text, int length) =>
        length <= text.Length && numbers.GetAlternateLookup<ReadOnlySpan<int>>().TryGetValue(text[^length..], out int number) ? number : 0;
}
