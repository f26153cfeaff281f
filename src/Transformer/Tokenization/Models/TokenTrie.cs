namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>Texts with ids, to find all of them that another text begins with.</summary>
internal sealed class TokenTrie
{
    /// <summary>Where the search for a text begins.</summary>
    public const int Root = 0;

    private readonly Dictionary<(int Node, char Next), int> steps = [];
    private readonly List<int> ids = [-1];

    /// <summary>Adds a text; the id of one that was there before stays.</summary>
    public void Add(string text, int id)
    {
        int node = Root;
        foreach (char c in text)
        {
            if (!steps.TryGetValue((node, c), out int next))
            {
                next = ids.Count;
                steps.Add((node, c), next);
                ids.Add(-1);
            }

            node = next;
        }

        if (ids[node] < 0) ids[node] = id;
    }

    /// <summary>One character further from a node; false where no text goes on so.</summary>
    public bool TryStep(int node, char next, out int to) => steps.TryGetValue((node, next), out to);

    /// <summary>The id of the text that ends in a node, or -1.</summary>
    public int IdAt(int node) => ids[node];

    /// <summary>The length and the id of the longest text that <paramref name="text"/> begins with; 0 and -1 for none.</summary>
    public (int Length, int Id) Longest(ReadOnlySpan<char> text)
    {
        (int Length, int Id) longest = (0, -1);
        int node = Root;
        for (int i = 0; i < text.Length && steps.TryGetValue((node, text[i]), out node); i++)
            if (ids[node] >= 0) longest = (i + 1, ids[node]);
        return longest;
    }
}
