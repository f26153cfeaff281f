using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// The ids of the tokens with a role. <c>generation_config.json</c> decides by id, or else <c>config.json</c>; failing that
/// <c>special_tokens_map.json</c> or <c>tokenizer_config.json</c> by text; failing that it is <c>&lt;|endoftext|&gt;</c>, as for GPT-2.
/// </summary>
/// <param name="Bos">The token a text may begin with.</param>
/// <param name="Eos">The tokens a text ends with, each of them alone.</param>
/// <param name="Pad">The token that fills up a batch.</param>
internal sealed record SpecialTokens(int? Bos, IReadOnlyList<int> Eos, int? Pad)
{
    /// <summary>The ids that a folder's <c>generation_config.json</c> and <c>config.json</c> name; none without such files.</summary>
    /// <exception cref="InputException">A file is damaged, or one of the three is neither an id nor a list of them.</exception>
    public static SpecialTokens OfModel(string folder)
    {
        int[] bos = [], eos = [], pad = [];
        foreach (string name in (ReadOnlySpan<string>)["generation_config.json", "config.json"])
        {
            string path = Path.Combine(folder, name);
            if (!Path.Exists(path)) continue;
            JsonPart.Read(path, "it belongs to a model folder.", file =>
            {
                if (bos.Length == 0) bos = Ids(file, "bos_token_id");
                if (eos.Length == 0) eos = Ids(file, "eos_token_id");
                if (pad.Length == 0) pad = Ids(file, "pad_token_id");
                return true;
            });
        }

        return new SpecialTokens(First(bos), eos, First(pad));
    }

    /// <summary>The ids by all sources together. None is beyond the model's rows.</summary>
    /// <param name="ids">The ids that the model's files name.</param>
    /// <param name="texts">The texts that the tokenizer's files name.</param>
    /// <param name="tokens">Every token's id.</param>
    /// <param name="rows">How many ids the model knows.</param>
    /// <exception cref="InputException">A file names a token by a text that the tokenizer lacks.</exception>
    public static SpecialTokens Resolve(SpecialTokens ids, TokenizerConfig texts, IReadOnlyDictionary<string, int> tokens, int rows)
    {
        HashSet<int> known = [.. tokens.Values.Where(id => id < rows)];
        // Programs write GPT-2's id 50256 also for a smaller vocabulary: one that is no token gives way to what else is known.
        int? bos = ids.Bos is { } first && known.Contains(first) ? first : ByText("bos_token");
        int[] eos = [.. ids.Eos.Where(known.Contains)];
        if (eos.Length == 0 && ByText("eos_token") is { } end) eos = [end];
        int? pad = ids.Pad is { } filler && known.Contains(filler) ? filler : ByText("pad_token");
        return new SpecialTokens(bos, eos, pad);

        int? ByText(string role)
        {
            if (texts.WithRole(role) is { } token)
            {
                if (tokens.TryGetValue(token.Text, out int found) && found < rows) return found;
                if (role != "pad_token" && !tokens.ContainsKey(token.Text)) // batches are filled up otherwise here
                    throw new InputException(
                        $"{token.File}: {role} is {Quoted.Text(token.Text)}, which the tokenizer lacks.",
                        $"name a token it has, or its id as {role}_id in config.json.");
            }

            return tokens.TryGetValue(Tokenizer.EndOfText, out int endOfText) && endOfText < rows ? endOfText : null;
        }
    }

    /// <summary>An id, a list of them, or null. Programs write -1 for none, and ids beyond any vocabulary: neither is one.</summary>
    private static int[] Ids(JsonPart file, string key)
    {
        if (file.Find(key) is not { } part) return [];
        IEnumerable<JsonPart> parts = part.Value.ValueKind == JsonValueKind.Array ? part.Elements() : [part];
        return
        [
            .. parts.Where(one => one.Value.ValueKind != JsonValueKind.Null)
                .Select(one => one.AsWhole(int.MinValue, int.MaxValue) ?? throw one.Unexpected("a token id, a list of them, or null"))
                .Where(id => id is >= 0 and < TokenizerDefinition.MaxIds).Distinct(),
        ];
    }

    private static int? First(int[] ids) => ids.Length > 0 ? ids[0] : null;
}
