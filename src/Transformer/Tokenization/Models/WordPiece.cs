namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>
/// WordPiece as BERT's (Devlin et al. 2018): from left to right the longest token that the rest of a word begins with; those behind the
/// first carry a prefix. A word that cannot be made so, or is too long, is the unknown token as a whole.
/// </summary>
internal sealed class WordPiece : ITokenModel
{
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> first, later;
    private readonly int unknown, longestWord, longestToken;

    /// <summary>Prepares a vocabulary.</summary>
    /// <param name="tokens">The tokens by id.</param>
    /// <param name="unknown">The id of the unknown token.</param>
    /// <param name="prefix">What tokens within a word begin with.</param>
    /// <param name="longestWord">Longer words, counted in characters, are unknown.</param>
    public WordPiece(string[] tokens, int unknown, string prefix, int longestWord)
    {
        (this.unknown, this.longestWord) = (unknown, longestWord);
        first = tokens.Select(KeyValuePair.Create).ToDictionary().GetAlternateLookup<ReadOnlySpan<char>>();
        later = tokens.Select(KeyValuePair.Create).Where(token => token.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(token => token.Key[prefix.Length..], token => token.Value).GetAlternateLookup<ReadOnlySpan<char>>();
        longestToken = tokens.Max(token => token.Length);
    }

    /// <inheritdoc/>
    public void Encode(string piece, List<int> ids)
    {
        int before = ids.Count, from = 0;
        bool fits = piece.Length <= 2 * (long)longestWord && piece.EnumerateRunes().Count() <= longestWord;
        while (fits && from < piece.Length)
        {
            int length = Math.Min(longestToken, piece.Length - from), id = 0;
            while (length > 0 && !(from == 0 ? first : later).TryGetValue(piece.AsSpan(from, length), out id)) length--;
            if (fits = length > 0) ids.Add(id);
            from += length;
        }

        if (fits) return;
        ids.RemoveRange(before, ids.Count - before);
        ids.Add(unknown);
    }
}
