using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// Which files of a folder make up its tokenizer, and what they say together.
/// <para>
/// <c>tokenizer.json</c> decides where it is, as in Hugging Face's transformers, whose fast tokenizers read nothing else;
/// <c>vocab.json</c> and <c>merges.txt</c> decide where it is not. Where all are there they must say the same: edits are
/// bound to the two by their hash, and programs that read only them must see the same model.
/// </para>
/// </summary>
internal static class TokenizerFiles
{
    private const string Vocabulary = "vocab.json", Merges = "merges.txt", Single = "tokenizer.json";

    private static readonly string[] All =
    [
        Vocabulary, Merges, Single, "added_tokens.json", "special_tokens_map.json", "tokenizer_config.json",
    ];

    /// <summary>Whether the folder holds a tokenizer.</summary>
    public static bool AreIn(string folder) => Has(folder, Vocabulary) || Has(folder, Single);

    /// <summary>Names of the files in the folder that belong to its tokenizer.</summary>
    public static string[] In(string folder) => [.. All.Where(name => Has(folder, name))];

    /// <summary>Reads and checks them.</summary>
    /// <exception cref="InputException">A file is missing or damaged, or two of them contradict each other.</exception>
    public static TokenizerDefinition Read(string folder, TokenizerConfig config)
    {
        string single = Path.Combine(folder, Single), vocabulary = Path.Combine(folder, Vocabulary), merges = Path.Combine(folder, Merges);
        TokenizerDefinition definition;
        if (Has(folder, Single))
        {
            definition = TokenizerJson.Read(single);
            merges = single;
        }
        else
        {
            if (config.AddsAround is { } option)
                throw new InputException(
                    $"{option} is true, supported: false.", "remove it, and write the token in the prompt if the model needs it.");
            string[] tokens = VocabularyFiles.ReadVocabulary(vocabulary);
            definition = new TokenizerDefinition(
                tokens, VocabularyFiles.ReadMerges(merges, tokens.ToHashSet()), config.Added, AddPrefixSpace: false, UsesPattern: true);
        }

        definition = definition with
        {
            Added = MergeAdded(folder, definition.Tokens, [.. config.Decoder, .. definition.Added], config),
            AddPrefixSpace = config.AddPrefixSpace ?? definition.AddPrefixSpace,
        };
        CheckMerges(merges, definition);
        if (Has(folder, Single) && Has(folder, Vocabulary) && Has(folder, Merges)) CheckSame(folder, definition);
        return definition;
    }

    private static bool Has(string folder, string name) => Path.Exists(Path.Combine(folder, name));

    /// <summary>Each added token once. Of several mentions the first decides its flags; all must agree on its id.</summary>
    private static AddedToken[] MergeAdded(string folder, string[] tokens, IReadOnlyList<AddedToken> added, TokenizerConfig config)
    {
        Dictionary<string, int> ids = tokens.Select(KeyValuePair.Create).ToDictionary();
        var merged = new Dictionary<string, AddedToken>();
        var byId = new Dictionary<int, AddedToken>();
        foreach (AddedToken token in added)
        {
            if (ids.TryGetValue(token.Text, out int known) && known != token.Id)
            {
                string where = merged.TryGetValue(token.Text, out AddedToken? other) ? other.File : "the vocabulary";
                throw new InputException(
                    $"{token.File}: added token {Quoted.Text(token.Text)} has id {token.Id}, but {known} in {where}.",
                    "take all files from the same model.");
            }

            string? holder = token.Id < tokens.Length ? tokens[token.Id] : byId.GetValueOrDefault(token.Id)?.Text;
            if (holder is not null && holder != token.Text)
                throw new InputException(
                    $"{token.File}: added token {Quoted.Text(token.Text)} has id {token.Id}, which is that of {Quoted.Text(holder)}.",
                    "take all files from the same model.");
            ids.TryAdd(token.Text, token.Id);
            byId.TryAdd(token.Id, token);
            merged.TryAdd(token.Text, token);
        }

        // Texts with a role are found whole as well. Those that no file names are GPT-2's.
        bool namesAll = ((string[])["bos_token", "eos_token", "unk_token"]).All(role => config.WithRole(role) is not null);
        IEnumerable<AddedToken> defaults = namesAll ? [] : [new AddedToken(folder, -1, Tokenizer.EndOfText)];
        foreach (AddedToken token in config.Special.Concat(defaults))
            if (ids.TryGetValue(token.Text, out int id)) merged.TryAdd(token.Text, token with { Id = id });
        return [.. merged.Values];
    }

    private static void CheckMerges(string path, TokenizerDefinition definition)
    {
        var added = definition.Added.Select(token => token.Text).ToHashSet();
        if (definition.Merges.Count == 0 && definition.Tokens.Any(token => token.Length > 1 && !added.Contains(token)))
            throw new InputException(
                $"{path}: no merges, so most of the {definition.Tokens.Length} tokens of the vocabulary could never be made.",
                "the file is cut short; download it again.");
    }

    private static void CheckSame(string folder, TokenizerDefinition definition)
    {
        string vocabularyPath = Path.Combine(folder, Vocabulary), mergesPath = Path.Combine(folder, Merges);
        string[] tokens = VocabularyFiles.ReadVocabulary(vocabularyPath);
        Dictionary<int, string> added = definition.Added.ToDictionary(token => token.Id, token => token.Text);
        for (int id = 0; id < Math.Max(tokens.Length, definition.Tokens.Length); id++)
        {
            string? single = id < definition.Tokens.Length ? definition.Tokens[id] : added.GetValueOrDefault(id);
            string? pair = id < tokens.Length ? tokens[id] : added.GetValueOrDefault(id);
            if (single != pair) throw Differ(vocabularyPath, $"token {id} is {Shown(pair)}, but {Shown(single)}");
        }

        List<string> merges = VocabularyFiles.ReadMerges(mergesPath, tokens.ToHashSet());
        for (int rank = 0; rank < Math.Max(merges.Count, definition.Merges.Count); rank++)
        {
            string? pair = merges.ElementAtOrDefault(rank), single = definition.Merges.ElementAtOrDefault(rank);
            if (single != pair) throw Differ(mergesPath, $"merge {rank} (counted from 0) is {Shown(pair)}, but {Shown(single)}");
        }
    }

    private static string Shown(string? text) => text is null ? "missing" : Quoted.Text(text);

    private static InputException Differ(string path, string what) => new(
        $"{path}: {what} in {Single} beside it.",
        $"keep the files that belong to the model: {Single} alone, or {Vocabulary} and {Merges}.");
}
