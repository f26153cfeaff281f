using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// Reads <c>tokenizer.json</c>, the one-file form of Hugging Face's tokenizers, where it describes a byte-level BPE as
/// GPT-2's. Any step or option that would give other ids is refused by its name. Its <c>truncation</c> and <c>padding</c> are left over
/// from training and mean nothing here, as they mean nothing to transformers unless a caller asks for them.
/// </summary>
internal static class TokenizerJson
{
    private const string Hint = "only byte-level BPE tokenizers as GPT-2's are supported.";

    /// <summary>Reads the file.</summary>
    /// <exception cref="InputException">The file is missing or damaged, or describes another kind of tokenizer.</exception>
    public static TokenizerDefinition Read(string path) => JsonPart.Read(path, VocabularyFiles.FolderHint, Definition);

    private static TokenizerDefinition Definition(JsonPart root)
    {
        if (root.Find("version") is { } version && version.AsText() != "1.0") throw version.Unexpected("\"1.0\"", Hint);
        if (Steps(root.Find("normalizer"), "normalizers") is [var normalizer, ..]) throw Unsupported(normalizer, "none");
        JsonPart byteLevel = OnlyByteLevel(root, "pre_tokenizer", "pretokenizers");
        RefuseOthers(byteLevel, "type", "add_prefix_space", "trim_offsets", "use_regex");
        OnlyByteLevel(root, "decoder", "decoders");
        foreach (JsonPart step in Steps(root.Find("post_processor"), "processors")) CheckAddsNothing(step);

        (string[] tokens, List<string> merges) = Model(root.Need("model"));
        AddedToken[] added = root.Find("added_tokens") is { } list
            ? [.. list.Elements().Select(token => AddedToken.Read(token, token.Need("id").AsId()))]
            : [];
        return new TokenizerDefinition(tokens, merges, added, byteLevel.Flag("add_prefix_space", true), byteLevel.Flag("use_regex", true));
    }

    private static (string[] Tokens, List<string> Merges) Model(JsonPart model)
    {
        // Files of the format's first years name no type.
        if (model.Type is { } type && type != "BPE") throw Unsupported(model, "BPE");
        RefuseOthers(
            model, "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback",
            "ignore_merges", "vocab", "merges");
        if (model.Find("dropout") is { } dropout
            && !(dropout.Value.ValueKind == JsonValueKind.Number && dropout.Value.TryGetDouble(out double p) && p == 0))
            throw dropout.Unexpected("null or 0", "merges that are left out at random belong to training.");
        model.Text("unk_token"); // Every byte has a token, so nothing is unknown.
        foreach (string option in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.Find(option) is { } affix && affix.AsText().Length > 0) throw affix.Unexpected("none", Hint);
        foreach (string option in (ReadOnlySpan<string>)["fuse_unk", "byte_fallback", "ignore_merges"])
            if (model.Flag(option, false)) throw model.Need(option).Unexpected("false", Hint);

        string[] tokens = VocabularyFiles.Vocabulary(model.Need("vocab"));
        JsonPart list = model.Need("merges");
        var merges = new MergeList(tokens.ToHashSet(), list.Value.ValueKind == JsonValueKind.Array ? list.Value.GetArrayLength() : 0);
        foreach (JsonPart merge in list.Elements())
        {
            // "a b" until version 0.19 of the library, ["a", "b"] since.
            bool isText = merge.Value.ValueKind == JsonValueKind.String;
            if (isText && merges.All.Count == 0 && MergeList.IsVersion(merge.AsText())) continue;
            merges.Add(merge.Where, isText ? merge.AsText().Split(' ') : [.. merge.Elements().Select(half => half.AsText())]);
        }

        return (tokens, merges.All);
    }

    private static JsonPart OnlyByteLevel(JsonPart root, string key, string listKey)
    {
        List<JsonPart> steps = Steps(root.Find(key), listKey);
        foreach (JsonPart step in steps)
            if (step.Type != "ByteLevel") throw Unsupported(step, "ByteLevel");
        return steps is [var only]
            ? only
            : throw new InputException($"{root.Where}: {key} has {steps.Count} steps, expected one, ByteLevel.", Hint);
    }

    private static void CheckAddsNothing(JsonPart step)
    {
        if (step.Type is not ("ByteLevel" or "TemplateProcessing")) throw Unsupported(step, "ByteLevel, TemplateProcessing");
        if (step.Type == "ByteLevel") return; // It moves offsets, which nobody asks for here.
        JsonPart single = step.Need("single");
        if (single.Elements().ToArray() is not [var only] || only.Find("Sequence") is null)
            throw new InputException(
                $"{single.Where} adds tokens to the text, expected a template that adds none.",
                "set post_processor to null in the file, and write the tokens in the prompt if the model needs them.");
    }

    /// <summary>The steps a component consists of: none, itself, or those of a <c>Sequence</c>.</summary>
    private static List<JsonPart> Steps(JsonPart? component, string listKey)
    {
        if (component is not { } part) return [];
        return part.Type == "Sequence" ? [.. part.Need(listKey).Elements().SelectMany(step => Steps(step, listKey))] : [part];
    }

    /// <summary>Options of later versions may change ids too, unless they are off.</summary>
    private static void RefuseOthers(JsonPart part, params ReadOnlySpan<string> known)
    {
        foreach ((string key, JsonPart value) in part.Members())
        {
            if (!known.Contains(key) && value.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False))
                throw value.Unexpected($"no such option, only {string.Join(", ", known)}", Hint);
        }
    }

    private static InputException Unsupported(JsonPart part, string supported) =>
        new($"{part.Where} is {(part.Type is { } type ? Quoted.Text(type) : "of no type")}, supported: {supported}.", Hint);
}
