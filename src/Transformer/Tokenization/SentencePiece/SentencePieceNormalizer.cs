using System.Text;
using Sharpformer.Transformer.Tokenization.Models;

namespace Sharpformer.Transformer.Tokenization.SentencePiece;

/// <summary>
/// What sentencepiece does to a text first (<c>normalizer.cc</c>): its replacements, but in pieces that the user defined; no blanks at
/// either end and no two in a row; one in front; blanks as <c>▁</c>.
/// </summary>
internal sealed class SentencePieceNormalizer
{
    private const byte Blank = (byte)' ';
    private readonly SentencePieceModel model;
    private readonly byte[] blank;
    private readonly TokenTrie? userDefined; // in UTF-8, a byte a character

    /// <summary>Prepares a model's.</summary>
    public SentencePieceNormalizer(SentencePieceModel model)
    {
        this.model = model;
        blank = model.EscapesBlanks ? "▁"u8.ToArray() : " "u8.ToArray();
        if (!model.Types.Contains(PieceType.UserDefined)) return;
        userDefined = new TokenTrie();
        for (int id = 0; id < model.Tokens.Count; id++)
            if (model.Types[id] == PieceType.UserDefined) userDefined.Add(AsBytes(Encoding.UTF8.GetBytes(model.Tokens[id])), id);
    }

    /// <summary>Normalises a text. Of one that continues another a blank in front is kept, as one, and none is added.</summary>
    public string Normalize(string text, bool continues)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        string? bytes = userDefined is null ? null : AsBytes(utf8);
        var normal = new List<byte>(utf8.Length + blank.Length);
        bool removes = model.RemovesExtraBlanks, addsBlank = model.AddsDummyPrefix && !continues;
        bool isBegun = !removes || continues, wasBlank = false;
        for (int at = 0; at < utf8.Length;)
        {
            int length = Next(utf8, bytes, at, out ReadOnlySpan<byte> next);
            at += length;
            if (!isBegun && next.SequenceEqual(" "u8)) continue;
            if (!isBegun) wasBlank = true;
            isBegun = true;
            if (addsBlank && !model.BlankIsSuffix && normal.Count == 0)
            {
                normal.AddRange(blank);
                addsBlank = false;
            }

            if (wasBlank && removes) next = next.TrimStart(Blank);
            if (!next.IsEmpty) wasBlank = next[^1] == Blank;
            foreach (byte b in next)
                if (b == Blank) normal.AddRange(blank);
                else normal.Add(b);
        }

        if (!isBegun || utf8.Length == 0) return "";
        while (removes && normal.Count >= blank.Length && EndsWithBlank(normal))
            normal.RemoveRange(normal.Count - blank.Length, blank.Length);
        if (addsBlank && model.BlankIsSuffix) normal.AddRange(blank);
        return Encoding.UTF8.GetString([.. normal]);
    }

    private int Next(byte[] utf8, string? bytes, int at, out ReadOnlySpan<byte> next)
    {
        int length = bytes is null ? 0 : userDefined!.Longest(bytes.AsSpan(at)).Length;
        if (length == 0 && model.Charsmap is { } map && map.Find(utf8.AsSpan(at), isShortest: false, out next) is > 0 and int found)
            return found;
        if (length == 0) Rune.DecodeFromUtf8(utf8.AsSpan(at), out _, out length);
        next = utf8.AsSpan(at, length);
        return length;
    }

    private bool EndsWithBlank(List<byte> normal)
    {
        for (int i = 0; i < blank.Length; i++)
            if (normal[normal.Count - blank.Length + i] != blank[i]) return false;
        return true;
    }

    private static string AsBytes(byte[] utf8) => Encoding.Latin1.GetString(utf8);
}
