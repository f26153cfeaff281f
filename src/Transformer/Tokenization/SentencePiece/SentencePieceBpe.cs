using Sharpformer.Transformer.Tokenization.Models;

namespace Sharpformer.Transformer.Tokenization.SentencePiece;

/// <summary>
/// Byte-pair encoding as sentencepiece does it (<c>bpe_model.cc</c>): of all neighbours that together are a piece those with the highest
/// score are joined first, of several the leftmost. What the user defined stays whole, and a piece that nobody uses is taken apart
/// again at the end.
/// </summary>
internal sealed class SentencePieceBpe : ITokenModel
{
    private readonly SentencePieceModel model;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> pieces; // those that text may be made of
    private readonly Dictionary<string, int> ids;
    private readonly TokenTrie userDefined = new();
    private readonly int longest, unknown;

    /// <summary>Prepares a model.</summary>
    public SentencePieceBpe(SentencePieceModel model)
    {
        this.model = model;
        unknown = model.UnknownId;
        ids = model.Tokens.Select(KeyValuePair.Create).ToDictionary();
        pieces = ids.Where(piece => model.Types[piece.Value] is PieceType.Normal or PieceType.UserDefined or PieceType.Unused)
            .ToDictionary().GetAlternateLookup<ReadOnlySpan<char>>();
        longest = model.Tokens.Max(token => token.Length);
        foreach ((string text, int id) in ids)
            if (model.Types[id] == PieceType.UserDefined) userDefined.Add(text, id);
    }

    /// <inheritdoc/>
    public void Encode(string piece, List<int> ids)
    {
        var symbols = new List<Symbol>();
        for (int at = 0; at < piece.Length; at += symbols[^1].Length)
        {
            int whole = userDefined.Longest(piece.AsSpan(at)).Length;
            int length = whole > 0 ? whole : char.IsHighSurrogate(piece[at]) ? 2 : 1;
            symbols.Add(new Symbol(at, length, symbols.Count - 1, symbols.Count + 1, whole > 0));
        }

        Dictionary<string, int> unused = Join(piece, symbols);
        var tokens = new List<(int Id, int Start, int End)>();
        for (int i = 0; i < symbols.Count; i = symbols[i].Next)
            Separate(piece, symbols[i].Start, symbols[i].Start + symbols[i].Length, unused, tokens);
        UnknownText.Add(piece, tokens, unknown, model.ByteIds, ids);
    }

    /// <summary>Joins symbols as far as it goes.</summary>
    /// <returns>For pieces that nobody uses, where their two parts meet.</returns>
    private Dictionary<string, int> Join(string piece, List<Symbol> symbols)
    {
        var unused = new Dictionary<string, int>();
        var pairs = new PriorityQueue<(int Left, int Right, int Length), (float, int)>(symbols.Count); // best first, then leftmost
        for (int i = 0; i + 1 < symbols.Count; i++) Offer(i, i + 1);
        while (pairs.TryDequeue(out (int Left, int Right, int Length) pair, out _))
        {
            (Symbol left, Symbol right) = (symbols[pair.Left], symbols[pair.Right]);
            // What was offered before one of the two changed is void.
            if (left.Length == 0 || right.Length == 0 || left.Length + right.Length != pair.Length) continue;
            symbols[pair.Left] = left with { Length = pair.Length, Next = right.Next };
            symbols[pair.Right] = right with { Length = 0 };
            if (right.Next < symbols.Count) symbols[right.Next] = symbols[right.Next] with { Previous = pair.Left };
            Offer(left.Previous, pair.Left);
            Offer(pair.Left, right.Next);
        }

        return unused;

        void Offer(int left, int right)
        {
            if (left < 0 || right >= symbols.Count || symbols[left].IsFixed || symbols[right].IsFixed) return;
            int length = symbols[left].Length + symbols[right].Length;
            ReadOnlySpan<char> joined = piece.AsSpan(symbols[left].Start, length <= longest ? length : 0);
            if (!pieces.TryGetValue(joined, out int id)) return;
            pairs.Enqueue((left, right, length), (-model.Scores[id], left));
            if (model.Types[id] == PieceType.Unused) unused[joined.ToString()] = symbols[left].Length;
        }
    }

    private void Separate(string piece, int start, int end, Dictionary<string, int> unused, List<(int Id, int Start, int End)> tokens)
    {
        string text = piece[start..end];
        int id = ids.GetValueOrDefault(text, unknown);
        if (model.Types[id] == PieceType.Unused && unused.TryGetValue(text, out int at))
        {
            Separate(piece, start, start + at, unused, tokens);
            Separate(piece, start + at, end, unused, tokens);
        }
        else
        {
            tokens.Add((id, start, end));
        }
    }

    private readonly record struct Symbol(int Start, int Length, int Previous, int Next, bool IsFixed);
}
