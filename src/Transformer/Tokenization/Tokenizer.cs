using System.Text;
using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// GPT-2's byte-level byte-pair encoding (Radford et al. 2019): any text becomes ids and comes back byte by byte.
/// Added tokens, of which <c>&lt;|endoftext|&gt;</c> is the usual one, are one id wherever their text stands.
/// Safe to use from several threads.
/// </summary>
public sealed class Tokenizer
{
    /// <summary>The special token that separates documents, and serves as beginning and end unless the model names others.</summary>
    public const string EndOfText = "<|endoftext|>";

    private readonly string folder;
    private readonly BytePairMerger merger;
    private readonly AddedTokens addedTokens;
    private readonly string[] tokens;
    private readonly byte[][] bytes;
    private readonly Dictionary<int, string> added;
    private readonly bool addPrefixSpace, usesPattern;
    private readonly SpecialTokens special;
    private readonly int rows;

    private Tokenizer(string folder, TokenizerDefinition definition, SpecialTokens special, int rows)
    {
        (this.folder, this.special, this.rows) = (folder, special, rows);
        (tokens, addPrefixSpace, usesPattern) = (definition.Tokens, definition.AddPrefixSpace, definition.UsesPattern);
        merger = new BytePairMerger(tokens, definition.Merges);
        addedTokens = new AddedTokens(definition.Added);
        added = definition.Added.ToDictionary(token => token.Id, token => token.Text);
        // A token with characters outside the byte alphabet was added by hand and means its own text. One within may also
        // be made by merges, so it means its bytes even if it is found as a text too.
        bytes = Array.ConvertAll(tokens, token => ByteAlphabet.TryBytes(token) ?? Encoding.UTF8.GetBytes(token));
        JoinsNoWords = definition.UsesPattern
            && definition.Added.All(token => !token.StripsLeft && !token.StripsRight && !token.Text.Contains(' '));
        Settings = JsonSerializer.Serialize(new
        {
            addPrefixSpace,
            usesPattern,
            added = definition.Added.OrderBy(token => token.Id).ThenBy(token => token.Text, StringComparer.Ordinal).Select(token =>
                new { token.Id, token.Text, token.StripsLeft, token.StripsRight, token.SingleWord, token.Normalized }),
        });
        VocabularySize = Math.Max(tokens.Length, added.Keys.DefaultIfEmpty(-1).Max() + 1);
    }

    /// <summary>One more than the largest id. Added tokens may leave gaps; an id in a gap has the text <c>&lt;token ID&gt;</c>.</summary>
    public int VocabularySize { get; }

    /// <summary>The token a text may begin with.</summary>
    /// <exception cref="InputException">No file of the model names it.</exception>
    public int BosId => special.Bos ?? throw Unnamed("bos_token", "begins");

    /// <summary>The token a text ends with, the first of <see cref="EosIds"/>.</summary>
    /// <exception cref="InputException">No file of the model names it.</exception>
    public int EosId => special.Eos.Count > 0 ? special.Eos[0] : throw Unnamed("eos_token", "ends");

    /// <summary>All tokens that a text ends with, each of them alone; none where no file of the model names any.</summary>
    public IReadOnlyList<int> EosIds => special.Eos;

    /// <summary>The token that fills up a batch, if the model has one.</summary>
    public int? PadId => special.Pad;

    /// <summary>
    /// Whether a text that is cut between two words, before the blank, has the tokens of its parts. So it is for GPT-2; not where
    /// merges may run over blanks, or an added token holds or swallows them.
    /// </summary>
    public bool JoinsNoWords { get; }

    /// <summary>
    /// What changes the ids of a text beside vocabulary and merges, as one JSON object with names in a fixed order: whether a blank is put
    /// in front, whether a pattern cuts the text, and the added tokens by id.
    /// </summary>
    public string Settings { get; }

    /// <summary>
    /// Whether a model with so many rows reads what this tokenizer makes: all tokens have a row but for some that were added, as programs
    /// add a <c>[PAD]</c> for batches and leave the model as it was.
    /// </summary>
    public bool Fits(int modelRows)
    {
        for (int id = modelRows; id < tokens.Length; id++)
            if (!added.ContainsKey(id)) return false;
        return true;
    }

    /// <summary>Whether a folder holds a tokenizer.</summary>
    public static bool IsIn(string folder) => TokenizerFiles.AreIn(folder);

    /// <summary>Names of the files in a folder that its tokenizer is made of: copied together they are the same tokenizer.</summary>
    public static IReadOnlyList<string> Files(string folder) => TokenizerFiles.In(folder);

    /// <summary>Reads the tokenizer of a model.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="config">The model, which the tokenizer must fit (<see cref="Fits"/>), and which may name the special tokens.</param>
    /// <exception cref="InputException">A file is missing or damaged, or tokenizer and model do not fit.</exception>
    public static Tokenizer Load(string folder, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Load(folder, new SpecialTokens(config.BosTokenId, config.EosTokenIds, config.PadTokenId), config.VocabSize);
    }

    /// <summary>
    /// Reads the tokenizer of a folder that need not hold a model. Of <c>generation_config.json</c> and <c>config.json</c>
    /// only the ids of the special tokens are read, if they are there.
    /// </summary>
    /// <exception cref="InputException">A file is missing or damaged, or two do not belong together.</exception>
    public static Tokenizer Load(string folder) => Load(folder, SpecialTokens.OfModel(folder), int.MaxValue);

    /// <summary>
    /// The ids of <paramref name="text"/>. <c>Decode(Encode(text))</c> is the text again, but for a blank that the tokenizer
    /// adds in front and white space that its added tokens strip. Half a surrogate pair, which UTF-8 cannot express,
    /// becomes U+FFFD as in any UTF-8 encoder.
    /// </summary>
    /// <exception cref="InputException">It contains an added token that the model has no row for.</exception>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        // The model reads bytes: what UTF-8 cannot express is replaced before the text is cut.
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0) text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

        var ids = new List<int>();
        foreach ((AddedToken? token, string part) in addedTokens.Split(text))
        {
            if (token?.Id >= rows)
                throw new InputException(
                    $"The text contains {Quoted.Text(token.Text)}, which was added to the tokenizer as token {token.Id}, but the model "
                    + $"has only {rows} rows in its table of tokens.",
                    "leave it out, or take a model that was resized with its tokenizer.");
            if (token is not null) ids.Add(token.Id);
            else Encode(addPrefixSpace && part[0] != ' ' ? " " + part : part, ids);
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

    /// <summary>How the vocabulary writes a token: one character per byte, <c>Ġ</c> for a blank; an added token as its text.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string TokenText(int id) => Checked(id) < tokens.Length ? tokens[id] : added.GetValueOrDefault(id, $"<token {id}>");

    /// <summary>The bytes a token stands for; those of several tokens, end to end, are their text in UTF-8.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public ReadOnlySpan<byte> TokenBytes(int id) => Checked(id) < tokens.Length ? bytes[id] : Encoding.UTF8.GetBytes(TokenText(id));

    private void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        while (text.Length > 0)
        {
            int length = usesPattern ? Gpt2Pattern.PieceLength(text) : text.Length;
            merger.Encode(text[..length], ids);
            text = text[length..];
        }
    }

    private static Tokenizer Load(string folder, SpecialTokens ids, int rows)
    {
        TokenizerConfig config = TokenizerConfig.Read(folder);
        TokenizerDefinition definition = TokenizerFiles.Read(folder, config);
        var all = definition.Tokens.Select(KeyValuePair.Create).ToDictionary();
        foreach (AddedToken token in definition.Added) all.TryAdd(token.Text, token.Id);
        var tokenizer = new Tokenizer(folder, definition, SpecialTokens.Resolve(ids, config, all, rows), rows);
        return tokenizer.Fits(rows) ? tokenizer : throw new InputException(
            $"{folder}: the tokenizer has {definition.Tokens.Length} tokens, the model's vocabulary {rows}.", "do they belong together?");
    }

    private InputException Unnamed(string role, string does) => new(
        $"{folder}: nothing names the token that {does} a text: config.json has no {role}_id that is one of the tokenizer's, "
        + $"special_tokens_map.json and tokenizer_config.json no {role}, the vocabulary no \"{EndOfText}\".",
        $"add {role}_id to config.json.");

    private int Checked(int id) => (uint)id < (uint)VocabularySize
        ? id
        : throw new ArgumentOutOfRangeException(
            nameof(id), $"Token id {id}, expected 0 to {VocabularySize - 1}. Hint: do model and tokenizer belong together?");
}
