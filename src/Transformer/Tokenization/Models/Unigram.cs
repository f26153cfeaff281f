namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>
/// The unigram language model (Kudo 2018): of all ways to cut a piece into tokens the one with the largest sum of log probabilities, found
/// by Viterbi's algorithm; what no token covers costs 10 more than the least likely token. Arithmetic and ties are those of the
/// reference: of equal sums the one found first stays, from left to right and from short to long tokens.
/// </summary>
internal sealed class Unigram : ITokenModel
{
    private const float UnknownPenalty = 10;

    private readonly TokenTrie trie;
    private readonly double[] scores;
    private readonly double unknownScore;
    private readonly int unknown;

    /// <summary>Prepares a vocabulary.</summary>
    /// <param name="trie">The tokens that a text may be made of.</param>
    /// <param name="scores">The score of each token, by id.</param>
    /// <param name="leastScore">What the unknown one is 10 below.</param>
    /// <param name="unknown">Its id.</param>
    public Unigram(TokenTrie trie, double[] scores, double leastScore, int unknown)
    {
        (this.trie, this.scores, this.unknown) = (trie, scores, unknown);
        unknownScore = leastScore - UnknownPenalty;
    }

    /// <summary>Whether sums are kept in single precision, as Google's sentencepiece does, or in double, as Hugging
    /// Face's tokenizers.</summary>
    public bool IsSingle { get; init; }

    /// <summary>The ids of the bytes where <c>byte_fallback</c> is on; null where what is unknown is one token in a row.</summary>
    public int[]? ByteIds { get; init; }

    /// <inheritdoc/>
    public void Encode(string piece, List<int> ids)
    {
        (double Score, int Start, int Id)[] best = BestEnds(piece);
        var tokens = new List<(int Id, int Start, int End)>();
        for (int end = piece.Length; end > 0; end = best[end].Start) tokens.Add((best[end].Id, best[end].Start, end));
        tokens.Reverse();
        UnknownText.Add(piece, tokens, unknown, ByteIds, ids);
    }

    /// <summary>For each place in the piece the best way to it: its score, and its last token.</summary>
    private (double Score, int Start, int Id)[] BestEnds(string piece)
    {
        var best = new (double Score, int Start, int Id)[piece.Length + 1];
        for (int i = 1; i < best.Length; i++) best[i].Start = -1;
        for (int start = 0, length; start < piece.Length; start += length)
        {
            length = char.IsHighSurrogate(piece[start]) ? 2 : 1;
            double soFar = best[start].Score;
            bool isCovered = false;
            int node = TokenTrie.Root;
            for (int end = start; end < piece.Length && trie.TryStep(node, piece[end], out node);)
            {
                end++;
                if (trie.IdAt(node) is not (>= 0 and int id)) continue;
                Offer(end, soFar + scores[id], start, id);
                isCovered |= end == start + length;
            }

            if (!isCovered)
                Offer(start + length, IsSingle ? (float)((float)soFar + (float)unknownScore) : soFar + unknownScore, start, unknown);
        }

        return best;

        void Offer(int end, double score, int start, int id)
        {
            if (best[end].Start < 0 || score > best[end].Score) best[end] = (IsSingle ? (float)score : score, start, id);
        }
    }
}
