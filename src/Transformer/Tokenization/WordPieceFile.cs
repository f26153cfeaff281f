using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Models;
using Sharpformer.Transformer.Tokenization.Normalizers;
using Sharpformer.Transformer.Tokenization.PreTokenizers;
using Sharpformer.Transformer.Tokenization.Surfaces;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// <c>vocab.txt</c> as BERT's tokenizers read it, which Chinese GPT-2s come with: <c>[CLS]</c> begins a text and <c>[SEP]</c> ends it.
/// </summary>
internal static class WordPieceFile
{
    private const int LongestWord = 100;
    private static readonly (string Role, string Text)[] Special =
    [
        ("unk_token", "[UNK]"), ("sep_token", "[SEP]"), ("pad_token", "[PAD]"), ("cls_token", "[CLS]"), ("mask_token", "[MASK]"),
    ];

    /// <summary>Reads the vocabulary.</summary>
    /// <exception cref="InputException">The file is missing or damaged, or has no unknown token.</exception>
    public static TokenizerDefinition Read(string[] paths, TokenizerConfig config)
    {
        string[] tokens = VocabularyFiles.ReadTokens(paths[0]);
        config.Refuse("do_basic_tokenize", false);
        foreach ((string role, string text) in Special) config.Default(role, paths[0], text);
        string cls = config.WithRole("cls_token")!.Text, sep = config.WithRole("sep_token")!.Text, unk = config.WithRole("unk_token")!.Text;
        if (tokens.Contains(cls)) config.Default("bos_token", paths[0], cls);
        if (tokens.Contains(sep)) config.Default("eos_token", paths[0], sep);
        int unknown = Array.IndexOf(tokens, unk);
        if (unknown < 0)
            throw new InputException(
                $"{paths[0]}: no {Quoted.Text(unk)}, which stands for words that no tokens make.", "name it as unk_token.");

        bool lowers = config.Flag("do_lower_case") ?? true;
        bool separates = config.Flag("tokenize_chinese_chars") ?? true;
        var normalizer = new BertNormalizer(CleansText: true, separates, config.Flag("strip_accents") ?? lowers, lowers);
        return new TokenizerDefinition(
            tokens,
            new WordPiece(tokens, unknown, "##", LongestWord),
            new WordSurface { Prefix = "##", CleansUp = true, JoinsChinese = separates },
            new JsonObject
            {
                ["kind"] = "WordPiece",
                ["lowers"] = lowers,
                ["separatesChinese"] = separates,
                ["stripsAccents"] = normalizer.StripsAccents,
                ["unknown"] = unknown,
                ["front"] = cls,
            })
        {
            Normalizers = [(text, _) => normalizer.Normalize(text)],
            PreTokenizers = [JsonPreTokenizers.Bert],
            UnknownId = unknown,
            Found = [.. Special.Select(special => config.WithRole(special.Role)!.Text)],
            Front = Array.IndexOf(tokens, cls) is >= 0 and int id ? [id] : [],
        };
    }
}
