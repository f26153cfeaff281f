using System.Text;
using Microsoft.ML.Tokenizers;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer;

/// <summary>
/// GPT-2's byte-level byte-pair encoding (Radford et al. 2019): any text becomes ids and comes back byte by byte.
/// The text <c>&lt;|endoftext|&gt;</c> is one token wherever it stands, and serves as beginning and end.
/// Safe to use from several threads.
/// </summary>
public sealed class Tokenizer
{
    /// <summary>The special token that separates documents.</summary>
    public const string EndOfText = "<|endoftext|>";

    private readonly BpeTokenizer merger;
    private readonly string[] tokens;
    private readonly byte[][] bytes;

    private Tokenizer(BpeTokenizer merger, string[] tokens, int endOfText)
    {
        this.merger = merger;
        this.tokens = tokens;
        // A token with characters outside the byte alphabet was added by hand and means its own text.
        bytes = Array.ConvertAll(tokens, token => ByteAlphabet.TryBytes(token) ?? Encoding.UTF8.GetBytes(token));
        EosId = endOfText;
    }

    /// <summary>Number of tokens; ids run from 0 to one less.</summary>
    public int VocabularySize => tokens.Length;

    /// <summary>The token a text may begin with: <c>&lt;|endoftext|&gt;</c>.</summary>
    public int BosId => EosId;

    /// <summary>The token a text ends with: <c>&lt;|endoftext|&gt;</c>.</summary>
    public int EosId { get; }

    /// <summary>Reads the tokenizer of a model whose vocabulary has <paramref name="vocabSize"/> rows.</summary>
    /// <exception cref="InputException">A file is missing or damaged, or the tokenizer has more tokens than the model.</exception>
    public static Tokenizer Load(string folder, int vocabSize)
    {
        Tokenizer tokenizer = Load(folder);
        return tokenizer.VocabularySize <= vocabSize
            ? tokenizer
            : throw new InputException($"{folder}: the tokenizer has {tokenizer.VocabularySize} tokens, the model's vocabulary {vocabSize}.", "do they belong together?");
    }

    /// <summary>Reads <c>vocab.json</c> and <c>merges.txt</c> from a model folder.</summary>
    /// <exception cref="InputException">A file is missing or damaged, or the two do not belong together.</exception>
    public static Tokenizer Load(string folder)
    {
        string vocabularyPath = Path.Combine(folder, "vocab.json");
        string[] tokens = VocabularyFiles.ReadVocabulary(vocabularyPath);
        int endOfText = Array.IndexOf(tokens, EndOfText);
        if (endOfText < 0)
            throw new InputException($"{vocabularyPath}: no token \"{EndOfText}\".", "only GPT-2 style vocabularies are supported.");

        var vocabulary = tokens.ToHashSet();
        for (int b = 0; b < 256; b++)
        {
            char symbol = ByteAlphabet.Symbol((byte)b);
            if (!vocabulary.Contains(symbol.ToString()))
                throw new InputException($"{vocabularyPath}: no token \"{symbol}\" for byte 0x{b:X2}, so not every text could be encoded.", "only byte-level vocabularies are supported.");
        }

        string mergesPath = Path.Combine(folder, "merges.txt");
        List<string> merges = VocabularyFiles.ReadMerges(mergesPath, vocabulary);
        if (merges.Count == 0 && tokens.Length > 257) // the bytes and the end of a text need none
            throw new InputException($"{mergesPath}: no merges, so most of the {tokens.Length} tokens of vocab.json could never be made.", "the file is cut short; download it again.");
        var options = new BpeOptions(tokens.Select((token, id) => KeyValuePair.Create(token, id)))
        {
            Merges = merges,
            ByteLevel = true,
            PreTokenizer = new Gpt2PreTokenizer(),
        };
        return new Tokenizer(BpeTokenizer.Create(options), tokens, endOfText);
    }

    /// <summary>
    /// The ids of <paramref name="text"/>. <c>Decode(Encode(text))</c> is the text again; half a surrogate pair,
    /// which UTF-8 cannot express, becomes U+FFFD as in any UTF-8 encoder.
    /// </summary>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        // The model reads bytes: what UTF-8 cannot express is replaced before the text is cut.
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0) text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

        var ids = new List<int>();
        for (int start = 0; start < text.Length;)
        {
            int special = text.IndexOf(EndOfText, start, StringComparison.Ordinal);
            int end = special < 0 ? text.Length : special;
            if (end > start) ids.AddRange(merger.EncodeToIds(text[start..end]));
            if (special >= 0) ids.Add(EosId);
            start = special < 0 ? end : end + EndOfText.Length;
        }

        return [.. ids];
    }

    /// <summary>The text of <paramref name="ids"/>; U+FFFD stands where they cut a UTF-8 character in two.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var utf8 = new List<byte>(4 * ids.Length);
        foreach (int id in ids) utf8.AddRange(TokenBytes(id));
        return Encoding.UTF8.GetString([.. utf8]);
    }

    /// <summary>How the vocabulary writes a token: one character per byte, <c>Ġ</c> for a blank.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string TokenText(int id) => tokens[Checked(id)];

    internal ReadOnlySpan<byte> TokenBytes(int id) => bytes[Checked(id)];

    private int Checked(int id) => (uint)id < (uint)tokens.Length
        ? id
        : throw new ArgumentOutOfRangeException(nameof(id), $"Token id {id}, expected 0 to {tokens.Length - 1}. Hint: do model and tokenizer belong together?");
}
