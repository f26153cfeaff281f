using System.Text;

namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>
/// Byte-pair encoding of characters (Sennrich et al. 2016) as Hugging Face's tokenizers do it: a word is its characters, those behind the
/// first with a prefix and the last with a suffix where there are such. What the vocabulary lacks becomes its bytes, or the unknown token,
/// or nothing.
/// </summary>
internal sealed class CharacterBpe : ITokenModel
{
    private readonly Dictionary<string, int> ids;
    private readonly MergeTable merges;
    private readonly WordCache cache = new();

    /// <summary>Prepares a vocabulary.</summary>
    /// <param name="tokens">The tokens by id.</param>
    /// <param name="merges">Merges in order of rank, each two tokens with a blank between them that make a third.</param>
    /// <param name="prefix"><c>continuing_subword_prefix</c>; empty for none.</param>
    public CharacterBpe(string[] tokens, IReadOnlyList<string> merges, string prefix = "")
    {
        ids = tokens.Select(KeyValuePair.Create).ToDictionary();
        this.merges = new MergeTable(ids, merges, prefix);
        Prefix = prefix;
    }

    /// <summary><c>continuing_subword_prefix</c>.</summary>
    public string Prefix { get; }

    /// <summary><c>end_of_word_suffix</c>; empty for none.</summary>
    public string Suffix { get; init; } = "";

    /// <summary>The id of <c>unk_token</c>; null where what is unknown is left out.</summary>
    public int? Unknown { get; init; }

    /// <summary><c>fuse_unk</c>: unknown characters in a row are one token.</summary>
    public bool FusesUnknown { get; init; }

    /// <summary><c>byte_fallback</c>: the ids of <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, -1 for what the vocabulary lacks; null for
    /// none.</summary>
    public int[]? ByteIds { get; init; }

    /// <summary><c>ignore_merges</c>: a word that is a token is that token.</summary>
    public bool IgnoresMerges { get; init; }

    /// <inheritdoc/>
    public void Encode(string piece, List<int> ids) => ids.AddRange(cache.Get(piece, Merged));

    private int[] Merged(string word)
    {
        if (IgnoresMerges && ids.TryGetValue(word, out int whole)) return [whole];
        var symbols = new List<int>(word.Length);
        bool isUnknown = false; // One unknown token waits for more of its kind.
        for (int i = 0, length; i < word.Length; i += length)
        {
            length = char.IsHighSurrogate(word[i]) ? 2 : 1;
            string symbol = word.Substring(i, length);
            if (i > 0) symbol = Prefix + symbol;
            if (i + length == word.Length) symbol += Suffix;
            if (ids.TryGetValue(symbol, out int id))
            {
                if (isUnknown) symbols.Add(Unknown!.Value);
                isUnknown = false;
                symbols.Add(id);
            }
            else if (ByteIds is not null && Encoding.UTF8.GetBytes(symbol) is var bytes && bytes.All(b => ByteIds[b] >= 0))
            {
                foreach (byte b in bytes) symbols.Add(ByteIds[b]);
            }
            else if (Unknown is { } unknown)
            {
                if (isUnknown && !FusesUnknown) symbols.Add(unknown);
                isUnknown = true;
            }
        }

        if (isUnknown) symbols.Add(Unknown!.Value);
        return merges.Merge([.. symbols]);
    }
}
