using System.Text.Json;
using System.Text.Json.Nodes;
using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Models;
using Sharpformer.Transformer.Tokenization.Surfaces;

namespace Sharpformer.Transformer.Tokenization.Json;

/// <summary>Reads a model of type <c>BPE</c>.</summary>
internal static class BpeModel
{
    /// <summary>A model of characters.</summary>
    /// <exception cref="InputException">It is damaged, or has an option that is not known.</exception>
    public static TokenizerDefinition Definition(JsonPart model, ITokenSurface surface)
    {
        string prefix = model.Text("continuing_subword_prefix") ?? "";
        (string[] tokens, List<string> merges) = Read(model, isByteLevel: false, prefix);
        var bpe = new CharacterBpe(tokens, merges, prefix)
        {
            Suffix = model.Text("end_of_word_suffix") ?? "",
            Unknown = model.Find("unk_token") is { } unknown ? IdOf(unknown, tokens) : null,
            FusesUnknown = model.Flag("fuse_unk", false),
            ByteIds = model.Flag("byte_fallback", false) ? ByteIds(tokens) : null,
            IgnoresMerges = model.Flag("ignore_merges", false),
        };
        return new TokenizerDefinition(tokens, bpe, surface, new JsonObject { ["kind"] = "BPE" })
        {
            Merges = merges,
            UnknownId = bpe.Unknown,
        };
    }

    /// <summary>Its vocabulary and merges.</summary>
    /// <exception cref="InputException">They are damaged, or there is an option that is not known.</exception>
    public static (string[] Tokens, List<string> Merges) Read(JsonPart model, bool isByteLevel, string prefix)
    {
        model.RefuseOthers(
            "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges",
            "vocab", "merges");
        if (model.Find("dropout") is { } dropout && dropout.AsNumber() != 0)
            throw dropout.Unexpected("null or 0", "merges that are left out at random belong to training.");
        // Where every byte has a token, nothing is unknown, whatever they say.
        _ = (model.Text("unk_token"), model.Flag("fuse_unk", false), model.Flag("byte_fallback", false));

        string[] tokens = VocabularyFiles.Vocabulary(model.Need("vocab"), isByteLevel);
        JsonPart list = model.Need("merges");
        int count = list.Value.ValueKind == JsonValueKind.Array ? list.Value.GetArrayLength() : 0;
        var merges = new MergeList(tokens.ToHashSet(), count, prefix);
        foreach (JsonPart merge in list.Elements())
        {
            // "a b" until version 0.19 of the library, ["a", "b"] since.
            bool isText = merge.Value.ValueKind == JsonValueKind.String;
            if (isText && merges.All.Count == 0 && MergeList.IsVersion(merge.AsText())) continue;
            merges.Add(merge.Where, isText ? merge.AsText().Split(' ') : [.. merge.Elements().Select(half => half.AsText())]);
        }

        return (tokens, merges.All);
    }

    /// <summary>The id of a token that an option names.</summary>
    /// <exception cref="InputException">The vocabulary lacks it.</exception>
    public static int IdOf(JsonPart option, string[] tokens) => Array.IndexOf(tokens, option.AsText()) is >= 0 and int id
        ? id
        : throw option.Unexpected("a token of the vocabulary");

    /// <summary>The ids of <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, -1 for those that are missing.</summary>
    public static int[] ByteIds(string[] tokens)
    {
        Dictionary<string, int> ids = tokens.Select(KeyValuePair.Create).ToDictionary();
        return [.. Enumerable.Range(0, 256).Select(b => ids.GetValueOrDefault($"<0x{b:X2}>", -1))];
    }
}
