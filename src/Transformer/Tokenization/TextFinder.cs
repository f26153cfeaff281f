using System.Buffers;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// Finds which of many texts stand in another: from left to right, of those that begin at the same place the longest. The automaton of
/// Aho and Corasick (1975) runs from right to left, so that what it knows at each place is what begins there; the time is linear in the
/// text, however many texts are prefixes of one another.
/// </summary>
internal sealed class TextFinder
{
    private readonly Dictionary<(int Node, char Next), int> steps = [];
    private readonly List<int> lengths = [0]; // of the longest text that ends in a node; 0 where none does
    private readonly List<int> shorter = [0]; // the node of the longest proper suffix that is a prefix of a text, both read backwards
    private readonly SearchValues<char> last;

    /// <summary>Prepares for a set of texts, of which empty ones are never found.</summary>
    public TextFinder(IEnumerable<string> texts)
    {
        var ends = new HashSet<char>();
        var nodes = new List<(int Parent, char Next)> { (0, '\0') };
        foreach (string text in texts)
        {
            if (text.Length == 0) continue;
            ends.Add(text[^1]);
            int node = 0;
            for (int i = text.Length - 1; i >= 0; i--)
            {
                if (!steps.TryGetValue((node, text[i]), out int next))
                {
                    next = nodes.Count;
                    steps.Add((node, text[i]), next);
                    nodes.Add((node, text[i]));
                    lengths.Add(0);
                    shorter.Add(0);
                }

                node = next;
            }

            lengths[node] = text.Length;
        }

        last = SearchValues.Create([.. ends]);
        Connect(nodes);
    }

    /// <summary>Where the texts stand, without overlap. After one of length n that begins at i the next begins at i + n or later.</summary>
    public List<(int Start, int Length)> FindAll(string text)
    {
        var begins = new List<(int Start, int Length)>(); // from right to left, all, overlapping
        int node = 0;
        for (int i = text.Length - 1; i >= 0; i--)
        {
            if (node == 0 && (i = text.AsSpan(0, i + 1).LastIndexOfAny(last)) < 0) break;
            node = Step(node, text[i]);
            if (lengths[node] > 0) begins.Add((i, lengths[node]));
        }

        var found = new List<(int, int)>();
        int from = 0;
        for (int k = begins.Count - 1; k >= 0; k--)
        {
            (int start, int length) = begins[k];
            if (start < from) continue;
            found.Add((start, length));
            from = start + length;
        }

        return found;
    }

    private int Step(int node, char next)
    {
        int to;
        while (!steps.TryGetValue((node, next), out to) && node != 0) node = shorter[node];
        return to;
    }

    /// <summary>Level by level, because the suffixes of a node are shorter than itself.</summary>
    private void Connect(List<(int Parent, char Next)> nodes)
    {
        int[] depth = new int[nodes.Count];
        for (int node = 1; node < depth.Length; node++) depth[node] = depth[nodes[node].Parent] + 1; // parents came first
        int[] order = [.. Enumerable.Range(1, depth.Length - 1).OrderBy(node => depth[node])];
        foreach (int node in order)
        {
            (int parent, char next) = nodes[node];
            if (parent != 0) shorter[node] = Step(shorter[parent], next);
            if (lengths[node] == 0) lengths[node] = lengths[shorter[node]];
        }
    }
}
