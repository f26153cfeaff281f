using System.Text;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Normalizers;
using Sharpformer.Transformer.Tokenization.PreTokenizers;
using Sharpformer.Transformer.Tokenization.Surfaces;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// Text to ids and back, for every kind of tokenizer that models of these families come with: byte-level byte-pair encoding as GPT-2's,
/// WordPiece, SentencePiece, and what <c>tokenizer.json</c> makes of them.
/// A text passes four steps: added tokens, of which <c>&lt;|endoftext|&gt;</c> is the usual one, are one id wherever their text stands;
/// what lies between is normalised, cut into pieces, and each piece becomes ids. Safe to use from several threads.
/// </summary>
public sealed class Tokenizer
{
    /// <summary>The special token that separates documents, and serves as beginning and end unless the model names others.</summary>
    public const string EndOfText = "<|endoftext|>";

    // What all steps of a normaliser together may make of a text; a compatibility form takes at most 18 characters for one.
    private const int MostGrowth = 64, MostAdded = 1 << 20;

    private readonly string folder;
    private readonly TokenizerDefinition definition;
    private readonly AddedTokens addedTokens, continuedTokens;
    private readonly string[] tokens;
    private readonly Dictionary<int, string> added;
    private readonly SpecialTokens special;
    private readonly int rows;

    private Tokenizer(string folder, TokenizerDefinition definition, SpecialTokens special, int rows)
    {
        (this.folder, this.definition, this.special, this.rows, tokens) = (folder, definition, special, rows, definition.Tokens);
        addedTokens = new AddedTokens(definition.Added, NormalizerOf(continues: false));
        continuedTokens =
            definition.Normalizers.Count == 0 ? addedTokens : new AddedTokens(definition.Added, NormalizerOf(continues: true));
        added = definition.Added.ToDictionary(token => token.Id, token => token.Text);
        JoinsNoWords = definition.CutsAsGpt2 && definition.Front.Count == 0
            && definition.Added.All(token => !token.StripsLeft && !token.StripsRight && !token.Text.Contains(' '));
        JsonObject settings = definition.Settings.DeepClone().AsObject();
        IEnumerable<AddedToken> inOrder = definition.Added.OrderBy(token => token.Id).ThenBy(token => token.Text, StringComparer.Ordinal);
        settings["added"] = new JsonArray([.. inOrder.Select(token => new JsonObject
        {
            ["Id"] = token.Id,
            ["Text"] = token.Text,
            ["StripsLeft"] = token.StripsLeft,
            ["StripsRight"] = token.StripsRight,
            ["SingleWord"] = token.SingleWord,
            ["Normalized"] = token.Normalized,
        })]);
        Settings = settings.ToJsonString(TransformerJson.Default.Options);
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

    /// <summary>All that have a role.</summary>
    internal SpecialTokens Special => special;

    /// <summary>The token of text that no other token stands for, if there is one; to a tokenizer of bytes nothing is unknown.</summary>
    public int? UnknownId => definition.UnknownId;

    /// <summary>
    /// Whether a text that is cut between two words, before the blank, has the tokens of its parts. So it is for GPT-2; not where
    /// merges may run over blanks, or an added token holds or swallows them.
    /// </summary>
    public bool JoinsNoWords { get; }

    /// <summary>
    /// Whether any text comes back as it was, but for a blank in front and white space beside added tokens. Tokenizers that normalise, or
    /// know no bytes, give back a text of the same ids at best.
    /// </summary>
    public bool IsLossless => definition.IsLossless;

    /// <summary>
    /// What changes the ids of a text beside vocabulary and merges, as one JSON object with names in a fixed order: for GPT-2's kind
    /// whether a blank is put in front and whether a pattern cuts the text, for others their steps and options; and the added tokens by
    /// id.
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

    /// <summary>Names of the files in a folder that hold its vocabulary; what is bound to a tokenizer is bound to their bytes.</summary>
    public static IReadOnlyList<string> VocabularyFiles(string folder) => TokenizerFiles.VocabularyIn(folder);

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
    /// The ids of a text that stands alone, as a prompt does: what the tokenizer puts before each text (<c>[CLS]</c>, BOS) is put before
    /// it. What it puts behind is left out, because a language model goes on there. If <see cref="IsLossless"/>,
    /// <c>Decode(Encode(text))</c> is the text again, but for what is put in front and white space that added tokens strip. Half a
    /// surrogate pair, which UTF-8 cannot express, becomes U+FFFD as in any UTF-8 encoder.
    /// </summary>
    /// <exception cref="InputException">
    /// It contains an added token that the model has no row for, or a regular expression of the tokenizer takes too long.
    /// </exception>
    public int[] Encode(string text) => Encode(text, continues: false);

    /// <summary>
    /// The ids of a text that stands directly behind another, as an answer behind its prompt: nothing is put in front, neither a token
    /// nor a blank. <c>" Paris"</c> is a word of its own, <c>"京"</c> goes on where the text before it ends.
    /// </summary>
    /// <exception cref="InputException">
    /// It contains an added token that the model has no row for, or a regular expression of the tokenizer takes too long.
    /// </exception>
    public int[] EncodeContinuation(string text) => Encode(text, continues: true);

    /// <summary>The text of <paramref name="ids"/>; U+FFFD stands where they cut a UTF-8 character in two.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var utf8 = new List<byte>(4 * ids.Length);
        for (int i = 0; i < ids.Length; i++) utf8.AddRange(TokenBytes(ids[i], i == 0 ? null : ids[i - 1]));
        return Encoding.UTF8.GetString([.. utf8]);
    }

    /// <summary>How the vocabulary writes a token: for GPT-2's kind one character per byte, <c>Ġ</c> for a blank; an added token as its
    /// text.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string TokenText(int id) => Checked(id) < tokens.Length ? tokens[id] : added.GetValueOrDefault(id, $"<token {id}>");

    /// <summary>The bytes a token adds to a text; those of several tokens, end to end, are their text in UTF-8.</summary>
    /// <param name="id">The token.</param>
    /// <param name="before">The token before it, by which it may say a blank first; null where a text begins.</param>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public ReadOnlySpan<byte> TokenBytes(int id, int? before = null) =>
        definition.Surface.Of(TokenOf(id), before is { } other ? TokenOf(other) : null);

    private Token TokenOf(int id) => new(id, TokenText(id), id < tokens.Length);

    private int[] Encode(string text, bool continues)
    {
        ArgumentNullException.ThrowIfNull(text);
        // The model reads bytes: what UTF-8 cannot express is replaced before the text is cut.
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0) text = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

        var ids = new List<int>();
        if (!continues) ids.AddRange(definition.Front);
        foreach ((AddedToken? token, string part, bool isFirst) in (continues ? continuedTokens : addedTokens).Split(text))
        {
            if (token is not null)
            {
                ids.Add(token.Id < rows ? token.Id : throw WithoutRow(token));
                continue;
            }

            IEnumerable<Piece> pieces = [new Piece(part, isFirst, continues && isFirst)];
            foreach (PreTokenizer preTokenizer in definition.PreTokenizers) pieces = pieces.SelectMany(piece => preTokenizer(piece));
            foreach (Piece piece in pieces) definition.Model.Encode(piece.Text, ids);
        }

        return [.. ids];
    }

    private Func<string, bool, string>? NormalizerOf(bool continues) => definition.Normalizers.Count == 0 ? null : (text, isFirst) =>
    {
        long most = MostGrowth * (long)text.Length + MostAdded;
        foreach (Normalizer normalizer in definition.Normalizers)
        {
            text = normalizer(text, continues && isFirst);
            if (text.Length > most)
                throw new InputException(
                    FormattableString.Invariant($"{folder}: the tokenizer's normalizer makes {text.Length:N0} characters of a text, ")
                        + FormattableString.Invariant($"expected at most {most:N0}."),
                    "is the file damaged? No tokenizer needs that.");
        }

        return text;
    };

    private static Tokenizer Load(string folder, SpecialTokens ids, int rows)
    {
        TokenizerConfig config = TokenizerConfig.Read(folder);
        TokenizerDefinition definition = TokenizerFiles.Read(folder, config);
        var all = definition.Tokens.Select(KeyValuePair.Create).ToDictionary();
        foreach (AddedToken token in definition.Added) all.TryAdd(token.Text, token.Id);
        HashSet<int> known = [.. all.Values.Where(id => id < rows)];
        foreach (int id in definition.Front)
            if (!known.Contains(id))
                throw new InputException(
                    $"{Path.Combine(folder, "tokenizer.json")}: token {id}, which is put before each text, is none of its tokens.",
                    "take all files from the same model.");
        var tokenizer = new Tokenizer(folder, definition, SpecialTokens.Resolve(ids, config, all, rows), rows);
        return tokenizer.Fits(rows) ? tokenizer : throw new InputException(
            $"{folder}: the tokenizer has {definition.Tokens.Length} tokens, the model's vocabulary {rows}.", "do they belong together?");
    }

    private InputException WithoutRow(AddedToken token) => new(
        $"The text contains {Quoted.Text(token.Text)}, which was added to the tokenizer as token {token.Id}, but the model "
        + $"has only {rows} rows in its table of tokens.",
        "leave it out, or take a model that was resized with its tokenizer.");

    private InputException Unnamed(string role, string does) => new(
        $"{folder}: nothing names the token that {does} a text: config.json has no {role}_id that is one of the tokenizer's, "
        + $"special_tokens_map.json and tokenizer_config.json no {role}, the vocabulary no \"{EndOfText}\".",
        $"add {role}_id to config.json.");

    private int Checked(int id) => (uint)id < (uint)VocabularySize
        ? id
        : throw new ArgumentOutOfRangeException(
            nameof(id), $"Token id {id}, expected 0 to {VocabularySize - 1}. Hint: do model and tokenizer belong together?");
}
