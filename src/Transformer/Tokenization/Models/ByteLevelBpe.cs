using System.Text;

namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>
/// GPT-2's byte-level byte-pair encoding (Radford et al. 2019): a word is its UTF-8 bytes, and merges join them to tokens, so that
/// nothing is unknown. Safe to use from several threads.
/// </summary>
internal sealed class ByteLevelBpe : ITokenModel
{
    private readonly int[] byteIds = new int[256];
    private readonly MergeTable merges;
    private readonly Dictionary<string, int>? whole;
    private readonly WordCache cache = new();

    /// <summary>Prepares a vocabulary.</summary>
    /// <param name="tokens">The tokens by id, in the byte alphabet; each symbol of a byte that occurs in UTF-8 is one.</param>
    /// <param name="merges">Merges in order of rank, each two tokens with a blank between them that make a third.</param>
    /// <param name="ignoresMerges">Whether a word that is a token is that token, whatever the merges make of it.</param>
    public ByteLevelBpe(string[] tokens, IReadOnlyList<string> merges, bool ignoresMerges = false)
    {
        Dictionary<string, int> ids = tokens.Select(KeyValuePair.Create).ToDictionary();
        for (int b = 0; b < 256; b++) byteIds[b] = ids.GetValueOrDefault(ByteAlphabet.Symbol((byte)b).ToString(), -1);
        this.merges = new MergeTable(ids, merges);
        whole = ignoresMerges ? ids : null;
    }

    /// <inheritdoc/>
    public void Encode(string piece, List<int> ids) => ids.AddRange(cache.Get(piece, Merged));

    private int[] Merged(string word)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(word);
        if (whole is not null && whole.TryGetValue(string.Concat(bytes.Select(ByteAlphabet.Symbol)), out int id)) return [id];
        return merges.Merge(Array.ConvertAll(bytes, b => byteIds[b]));
    }
}
