using System.Text.Json.Nodes;
using Sharpformer.Transformer.Tokenization.Models;
using Sharpformer.Transformer.Tokenization.PreTokenizers;
using Sharpformer.Transformer.Tokenization.Surfaces;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>Byte-level BPE in two files, a vocabulary and merges, as OpenAI published GPT-2's.</summary>
internal static class ByteLevelFiles
{
    /// <summary>Reads the vocabulary and the merges.</summary>
    /// <exception cref="Tensors.InputException">A file is missing or damaged, or they do not belong together.</exception>
    public static TokenizerDefinition Read(string[] paths, TokenizerConfig config)
    {
        string[] tokens = VocabularyFiles.ReadVocabulary(paths[0]);
        List<string> merges = VocabularyFiles.ReadMerges(paths[1], tokens.ToHashSet());
        bool addsPrefixSpace = config.Flag("add_prefix_space") ?? false;
        return Definition(tokens, merges, new ByteLevelBpe(tokens, merges), config, addsPrefixSpace, usesPattern: true) with
        {
            Front = Front(tokens, config),
        };
    }

    /// <summary>A byte-level tokenizer whose text is cut by GPT-2's pattern or not at all.</summary>
    public static TokenizerDefinition Definition(
        string[] tokens, IReadOnlyList<string> merges, ByteLevelBpe model, TokenizerConfig config, bool addsPrefixSpace,
        bool usesPattern) =>
        new(tokens, model, new ByteLevelSurface(), new JsonObject { ["addPrefixSpace"] = addsPrefixSpace, ["usesPattern"] = usesPattern })
        {
            Merges = merges,
            PreTokenizers = [JsonPreTokenizers.ByteLevel(addsPrefixSpace, usesPattern)],
            Found = FoundBy(config),
            IsLossless = true,
            CutsAsGpt2 = usesPattern,
        };

    /// <summary>GPT-2's token for all roles, unless each is named.</summary>
    public static string[] FoundBy(TokenizerConfig config) =>
        ((string[])["bos_token", "eos_token", "unk_token"]).All(role => config.WithRole(role) is not null) ? [] : [Tokenizer.EndOfText];

    /// <summary>GPT-2's class puts BOS before a text if it is told to, RoBERTa's and its kin always.</summary>
    private static int[] Front(string[] tokens, TokenizerConfig config)
    {
        bool isRoberta = config.Class is not (null or "GPT2Tokenizer" or "GPT2TokenizerFast") && Array.IndexOf(tokens, "<s>") >= 0;
        if (!isRoberta && config.Flag("add_bos_token") != true) return [];
        string text = config.WithRole("bos_token")?.Text ?? (isRoberta ? "<s>" : Tokenizer.EndOfText);
        return Array.IndexOf(tokens, text) is >= 0 and int id ? [id] : [];
    }
}
