using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Models;
using Sharpformer.Transformer.Tokenization.Normalizers;
using Sharpformer.Transformer.Tokenization.Surfaces;

namespace Sharpformer.Transformer.Tokenization.SentencePiece;

/// <summary>
/// <c>spiece.model</c> or <c>tokenizer.model</c> as transformers' <c>T5Tokenizer</c> and <c>LlamaTokenizer</c> read it: what stands between
/// added tokens is encoded by itself, as Google's sentencepiece does it.
/// </summary>
internal static class SentencePieceFile
{
    private const int DefaultExtraIds = 100;

    /// <summary>Reads the model.</summary>
    /// <exception cref="InputException">The file is missing or damaged, or an option would give other ids.</exception>
    public static TokenizerDefinition Read(string[] paths, TokenizerConfig config)
    {
        string path = paths[0];
        SentencePieceModel model = SentencePieceModel.Read(path);
        config.Refuse("legacy", false);
        bool isT5 = config.Class is "T5Tokenizer" or "T5TokenizerFast", isLlama = config.Class is "LlamaTokenizer" or "LlamaTokenizerFast";
        config.Default("unk_token", path, model.Tokens[model.UnknownId]);
        config.Default("bos_token", path, model.Bos);
        config.Default("eos_token", path, model.Eos);
        config.Default("pad_token", path, model.Pad);

        string[] tokens = [.. model.Tokens];
        int? bos = Array.IndexOf(tokens, config.WithRole("bos_token")?.Text) is >= 0 and int id ? id : null;
        bool putsBos = config.Flag("add_bos_token") ?? isLlama, lowers = config.Flag("do_lower_case") ?? false;
        var normalizer = new SentencePieceNormalizer(model);
        var steps = new List<Normalizer> { normalizer.Normalize };
        if (lowers) steps.Insert(0, (text, _) => Letters.Lower(text));
        bool dropsBlank = !model.BlankIsSuffix && (model.AddsDummyPrefix || model.RemovesExtraBlanks);
        return new TokenizerDefinition(
            tokens,
            model.IsBpe ? new SentencePieceBpe(model) : Unigram(model),
            new SpaceSurface(
                "▁", dropsBlank ? LeadingBlanks.OneDropped : LeadingBlanks.Kept, model.HasByteFallback,
                Enumerable.Range(0, tokens.Length).Where(i => model.Types[i] == PieceType.Control).ToHashSet()),
            new JsonObject { ["kind"] = "SentencePiece", ["lowers"] = lowers, ["front"] = putsBos ? bos : null })
        {
            Normalizers = steps,
            UnknownId = model.HasByteFallback ? null : model.UnknownId,
            Added = Sentinels(path, isT5 ? config.ExtraIds ?? DefaultExtraIds : 0, tokens.Length),
            Found = [.. ((string[])["unk_token", "eos_token", isT5 ? "pad_token" : "bos_token"])
                .Select(role => config.WithRole(role)?.Text).OfType<string>()],
            Front = putsBos && bos is { } first ? [first] : [],
        };
    }

    private static Unigram Unigram(SentencePieceModel model)
    {
        float[] normal = [.. model.Scores.Where((_, id) => model.Types[id] == PieceType.Normal)];
        // The reference begins with the least number above 0, so a model of logarithms never has more.
        float most = Math.Max(normal.Max(), 1.17549435e-38f);
        var trie = new TokenTrie();
        double[] scores = new double[model.Tokens.Count];
        for (int id = 0; id < scores.Length; id++)
        {
            scores[id] = model.Scores[id];
            if (model.Types[id] is PieceType.Normal or PieceType.UserDefined) trie.Add(model.Tokens[id], id);
            // What the user defined always wins: it costs next to nothing, however long it is.
            if (model.Types[id] == PieceType.UserDefined)
                scores[id] = (System.Text.Encoding.UTF8.GetByteCount(model.Tokens[id]) * most) - 0.1;
        }

        return new Unigram(trie, scores, normal.Min(), model.UnknownId) { IsSingle = true, ByteIds = model.ByteIds };
    }

    /// <summary>T5's <c>&lt;extra_id_0&gt;</c> and so on, numbered backwards from the end of the vocabulary.</summary>
    private static AddedToken[] Sentinels(string path, int count, int tokens) =>
    [
        .. Enumerable.Range(0, count).Select(i => new AddedToken(path, tokens + count - 1 - i, $"<extra_id_{i}>")
        {
            StripsLeft = true,
            StripsRight = true,
        }),
    ];
}
