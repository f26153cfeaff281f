using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Models;
using Sharpformer.Transformer.Tokenization.Normalizers;
using Sharpformer.Transformer.Tokenization.PreTokenizers;
using Sharpformer.Transformer.Tokenization.Surfaces;

namespace Sharpformer.Transformer.Tokenization.Json;

/// <summary>
/// Reads <c>tokenizer.json</c>, the one-file form of Hugging Face's tokenizers. Any step or option that would give other ids than theirs
/// is refused by its name. Its <c>truncation</c> and <c>padding</c> are left over from training and mean nothing here, as they mean nothing
/// to transformers unless a caller asks for them.
/// </summary>
internal static class TokenizerJson
{
    private const string Hint = "only steps that Hugging Face's tokenizers 0.22 have are supported, and not all of them.";

    /// <summary>Reads the file.</summary>
    /// <exception cref="InputException">The file is missing or damaged, or describes something that is not supported.</exception>
    public static TokenizerDefinition Read(string path, TokenizerConfig config) =>
        JsonPart.Read(path, VocabularyFiles.FolderHint, root => Definition(root, config));

    private static TokenizerDefinition Definition(JsonPart root, TokenizerConfig config)
    {
        if (root.Find("version") is { } version && version.AsText() != "1.0") throw version.Unexpected("\"1.0\"", Hint);
        JsonPart model = root.Need("model");
        List<JsonPart> normalizers = JsonSteps.Steps(root.Find("normalizer"), "normalizers");
        List<JsonPart> preTokenizers = JsonSteps.Steps(root.Find("pre_tokenizer"), "pretokenizers");
        bool isByteLevel = IsByteLevel(model, preTokenizers);
        TokenizerDefinition definition = isByteLevel
            ? ByteLevel(root, model, preTokenizers, config)
            : OfCharacters(model, JsonDecoder.Read(root.Find("decoder"))) with
            {
                PreTokenizers = [.. preTokenizers.Select(JsonPreTokenizers.Read)],
            };
        List<int> front = JsonFront.Read(root.Find("post_processor"));
        bool isGpt2 = definition.CutsAsGpt2 && preTokenizers.Count == 1;
        // What every file of GPT-2's has says nothing; edits were bound to settings without it.
        bool isPlain = isByteLevel && preTokenizers.Count == 1 && normalizers.Count == 0 && front.Count == 0
            && !model.Flag("ignore_merges", false);
        if (!isPlain)
            foreach ((string name, JsonNode? value) in Steps(root, model, front)) definition.Settings[name] = value?.DeepClone();
        return definition with
        {
            Normalizers = [.. normalizers.Select(JsonNormalizers.Read)],
            Front = front,
            CutsAsGpt2 = isGpt2 && normalizers.Count == 0,
            IsLossless = isByteLevel && normalizers.Count == 0 && preTokenizers.Count == 1,
            Found = ByteLevelFiles.FoundBy(config),
            Added = root.Find("added_tokens") is { } list
                ? [.. list.Elements().Select(token => AddedToken.Read(token, token.Need("id").AsId()))]
                : [],
        };
    }

    /// <summary>Whether pieces are bytes in the end: then nothing is unknown. Only BPE is known to do so.</summary>
    private static bool IsByteLevel(JsonPart model, List<JsonPart> preTokenizers)
    {
        int at = preTokenizers.FindIndex(step => step.Type == "ByteLevel");
        if (at < 0) return false;
        if (at != preTokenizers.Count - 1)
            throw new InputException($"{preTokenizers[at].Where} is \"ByteLevel\", expected it as the last step.", Hint);
        return model.Type is null or "BPE" ? true : throw model.UnknownStep("BPE with a ByteLevel pre_tokenizer");
    }

    private static TokenizerDefinition ByteLevel(JsonPart root, JsonPart model, List<JsonPart> preTokenizers, TokenizerConfig config)
    {
        List<JsonPart> decoders = JsonSteps.Steps(root.Find("decoder"), "decoders");
        foreach (JsonPart step in decoders)
            if (step.Type != "ByteLevel") throw step.UnknownStep("ByteLevel");
        if (decoders.Count != 1)
            throw new InputException($"{root.Where}: decoder has {decoders.Count} steps, expected one, ByteLevel.", Hint);
        foreach (string option in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.Find(option) is { } affix && affix.AsText().Length > 0) throw affix.Unexpected("none", Hint);

        (string[] tokens, List<string> merges) = BpeModel.Read(model, isByteLevel: true, prefix: "");
        JsonPart last = preTokenizers[^1];
        bool usesPattern = last.Flag("use_regex", true), addsPrefixSpace = last.Flag("add_prefix_space", true);
        if (preTokenizers.Count == 1) addsPrefixSpace = config.Flag("add_prefix_space") ?? addsPrefixSpace;
        var bpe = new ByteLevelBpe(tokens, merges, model.Flag("ignore_merges", false));
        TokenizerDefinition definition = ByteLevelFiles.Definition(tokens, merges, bpe, config, addsPrefixSpace, usesPattern);
        _ = JsonPreTokenizers.Read(last); // for its options
        return definition with
        {
            PreTokenizers = [.. preTokenizers[..^1].Select(JsonPreTokenizers.Read), .. definition.PreTokenizers],
        };
    }

    private static TokenizerDefinition OfCharacters(JsonPart model, ITokenSurface surface) => model.Type switch
    {
        null or "BPE" => BpeModel.Definition(model, surface),
        "WordPiece" => WordPieceModel.Definition(model, surface),
        "Unigram" => UnigramModel.Definition(model, surface),
        _ => throw model.UnknownStep("BPE", "WordPiece", "Unigram"),
    };

    /// <summary>All that changes ids, as the file has it.</summary>
    private static JsonObject Steps(JsonPart root, JsonPart model, List<int> front)
    {
        var options = new JsonObject();
        foreach ((string key, JsonPart value) in model.Members())
            if (key is not ("vocab" or "merges")) options[key] = JsonNode.Parse(value.Value.GetRawText());
        return new JsonObject
        {
            ["normalizer"] = Raw("normalizer"),
            ["preTokenizer"] = Raw("pre_tokenizer"),
            ["model"] = options,
            ["front"] = new JsonArray([.. front.Select(id => (JsonNode)id)]),
        };

        JsonNode? Raw(string key) => root.Find(key) is { } part ? JsonNode.Parse(part.Value.GetRawText()) : null;
    }
}
