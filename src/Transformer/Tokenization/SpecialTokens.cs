using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// The ids of the tokens with a role. <c>config.json</c> decides by id; failing that <c>special_tokens_map.json</c> or
/// <c>tokenizer_config.json</c> by text; failing that it is <c>&lt;|endoftext|&gt;</c>, as for GPT-2.
/// </summary>
/// <param name="Bos">The token a text may begin with.</param>
/// <param name="Eos">The token a text ends with.</param>
/// <param name="Pad">The token that fills up a batch.</param>
internal sealed record SpecialTokens(int? Bos, int? Eos, int? Pad)
{
    /// <summary>The ids that a folder's <c>config.json</c> names; none without such a file.</summary>
    /// <exception cref="InputException">The file is damaged, or one of the three is no id.</exception>
    public static SpecialTokens OfConfig(string folder)
    {
        string path = Path.Combine(folder, "config.json");
        return Path.Exists(path)
            ? JsonPart.Read(path, "it belongs to a model folder.", OfConfig)
            : new SpecialTokens(null, null, null);
    }

    /// <summary>The same, of a <c>config.json</c> that is being read.</summary>
    /// <exception cref="InputException">One of the three is no id.</exception>
    public static SpecialTokens OfConfig(JsonPart config) =>
        new(config.Find("bos_token_id")?.AsId(), config.Find("eos_token_id")?.AsId(), config.Find("pad_token_id")?.AsId());

    /// <summary>The ids by all sources together.</summary>
    /// <param name="folder">The model folder, for messages.</param>
    /// <param name="ids">The ids that <c>config.json</c> names.</param>
    /// <param name="texts">The texts that the tokenizer's files name.</param>
    /// <param name="tokens">Every token's id.</param>
    /// <exception cref="InputException">A source names a token that the tokenizer lacks.</exception>
    public static SpecialTokens Resolve(string folder, SpecialTokens ids, TokenizerConfig texts, IReadOnlyDictionary<string, int> tokens)
    {
        HashSet<int> known = [.. tokens.Values];
        return new SpecialTokens(Id("bos_token", ids.Bos), Id("eos_token", ids.Eos), Id("pad_token", ids.Pad));

        int? Id(string role, int? id)
        {
            // Programs write GPT-2's id 50256 also for a smaller vocabulary: one that is no token gives way to what else is known.
            if (id is { } given && known.Contains(given)) return given;
            if (texts.WithRole(role) is { } token)
            {
                return tokens.TryGetValue(token.Text, out int found) ? found : throw new InputException(
                    $"{token.File}: {role} is {Quoted.Text(token.Text)}, which the tokenizer lacks.",
                    $"name a token it has, or its id as {role}_id in config.json.");
            }

            if (tokens.TryGetValue(Tokenizer.EndOfText, out int end)) return end;
            return id is null ? null : throw new InputException(
                $"{Path.Combine(folder, "config.json")}: {role}_id is {id}, which is no token of the tokenizer (ids 0 to {known.Max()}).",
                "set it to the id of a token, or to null.");
        }
    }
}
