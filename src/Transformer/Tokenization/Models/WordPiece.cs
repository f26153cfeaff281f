namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>
/// WordPiece as BERT's (Devlin et al. 2018): from left to right the longest token that the rest of a word begins with; those behind the
/// first carry a prefix. A word that cannot be made so, or is too long, is the unknown token as a whole.
/// </summary>
internal sealed class WordPiece : ITokenModel
{
    private readonly TokenTrie first = new(), later = new();
    private readonly int unknown, longestWord;

    /// <summary>Prepares a vocabulary.</summary>
    /// <param name="tokens">The tokens by id.</param>
    /// <param name="unknown">The id of the unknown token.</param>
    /// <param name="prefix">What tokens within a word begin with.</param>
    /// <param name="longestWord">Longer words, counted in characters, are unknown.</param>
    public WordPiece(string[] tokens, int unknown, string prefix, int longestWord)
    {
        (this.unknown, this.longestWord) = (unknown, longestWord);
        for (int id = 0; id < tokens.Length; id++)
        {
            first.Add(tokens[id], id);
            if (tokens[id].StartsWith(prefix, StringComparison.Ordinal)) later.Add(tokens[id][prefix.Length..], id);
        }
    }

    /// <inheritdoc/>
    public void Encode(string piece, List<int> ids)
    {
        int before = ids.Count, from = 0;
        bool fits = piece.Length <= 2 * (long)longestWord && piece.EnumerateRunes().Count() <= longestWord;
        while (fits && from < piece.Length)
        {
            (int length, int id) = (from == 0 ? first : later).Longest(piece.AsSpan(from));
            if (fits = length > 0) ids.Add(id);
            from += length;
        }

        if (fits) return;
        ids.RemoveRange(before, ids.Count - before);
        ids.Add(unknown);
    }
}
