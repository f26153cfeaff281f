using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization.Normalizers;

/// <summary>
/// The compiled replacements of a SentencePiece model (<c>precompiled_charsmap</c>): a trie of what is replaced as a double array
/// (Yata's darts-clone), and the replacements. Nothing in it is believed: whatever leads out of the array ends the search.
/// </summary>
internal sealed class Charsmap
{
    private readonly uint[] units;
    private readonly byte[] replacements;

    /// <summary>Takes the map apart: the trie's length in bytes, the trie, and the replacements with a zero behind each.</summary>
    /// <exception cref="InputException">The lengths do not fit.</exception>
    public Charsmap(string where, ReadOnlySpan<byte> map)
    {
        int length = map.Length >= 4 ? BinaryPrimitives.ReadInt32LittleEndian(map) : -1;
        if (length <= 0 || length % 4 != 0 || length > map.Length - 4)
            throw new InputException($"{where}: {map.Length} bytes do not hold the trie they name.",
                "the file is damaged; download it again.");
        units = new uint[length / 4];
        for (int i = 0; i < units.Length; i++) units[i] = BinaryPrimitives.ReadUInt32LittleEndian(map[(4 + (4 * i))..]);
        replacements = map[(4 + length)..].ToArray();
    }

    /// <summary>What the text begins with that is replaced: its length in bytes, and by what; a length of 0 for nothing.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="isShortest">Whether the shortest is looked for instead of the longest.</param>
    /// <param name="replacement">What replaces it.</param>
    public int Find(ReadOnlySpan<byte> utf8, bool isShortest, out ReadOnlySpan<byte> replacement)
    {
        (int length, uint at) = (0, 0);
        uint node = OffsetOf(units[0]);
        for (int i = 0; i < utf8.Length; i++)
        {
            node ^= utf8[i];
            // A unit's label is its lowest byte, and its highest bit is 0 unless it is a value.
            if (node >= units.Length || (units[node] & 0x800000FF) != utf8[i]) break;
            uint unit = units[node];
            node ^= OffsetOf(unit);
            if ((unit & 0x100) == 0 || node >= units.Length) continue;
            (length, at) = (i + 1, units[node] & 0x7FFFFFFF);
            if (isShortest) break;
        }

        ReadOnlySpan<byte> rest = length > 0 && at < replacements.Length ? replacements.AsSpan((int)at) : [];
        replacement = rest.IndexOf((byte)0) is >= 0 and int end ? rest[..end] : rest;
        return length;
    }

    /// <summary>
    /// The <c>Precompiled</c> step of Hugging Face's tokenizers, which is not what sentencepiece does: a text element of less than six
    /// bytes is replaced as a whole if any replacement fits its beginning, else each of its characters by itself.
    /// </summary>
    public string ReplaceElements(string text)
    {
        var normal = new StringBuilder(text.Length);
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = StringInfo.GetNextTextElementLength(text, at);
            ReadOnlySpan<char> element = text.AsSpan(at, length);
            if (Encoding.UTF8.GetByteCount(element) < 6 && TryReplace(element, normal)) continue;
            foreach (Rune rune in element.EnumerateRunes())
                if (!TryReplace(rune.ToString(), normal)) normal.Add(rune);
        }

        return normal.ToString();
    }

    private bool TryReplace(ReadOnlySpan<char> text, StringBuilder into)
    {
        Span<byte> utf8 = stackalloc byte[8];
        int count = Encoding.UTF8.GetBytes(text, utf8);
        if (Find(utf8[..count], isShortest: true, out ReadOnlySpan<byte> replacement) == 0) return false;
        into.Append(Encoding.UTF8.GetString(replacement));
        return true;
    }

    private static uint OffsetOf(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);
}
