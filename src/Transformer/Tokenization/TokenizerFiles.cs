using Sharpformer.Tensors;
using Sharpformer.Transformer.Tokenization.Json;
using Sharpformer.Transformer.Tokenization.SentencePiece;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// Which files of a folder make up its tokenizer, and what they say together.
/// <para>
/// <c>tokenizer.json</c> decides where it is, as in Hugging Face's transformers, whose fast tokenizers read nothing else; a vocabulary of
/// another kind decides where it is not. Where <c>vocab.json</c> and <c>merges.txt</c> are there too they must say the same: edits are
/// bound to the two by their hash, and programs that read only them must see the same model.
/// </para>
/// </summary>
internal static class TokenizerFiles
{
    private const string Single = "tokenizer.json";

    private static readonly string[] Settings = ["added_tokens.json", "special_tokens_map.json", "tokenizer_config.json"];

    // A folder's is the first of which all files are there. Classes are those of transformers, without "Fast".
    private static readonly Kind[] Kinds =
    [
        new(ByteLevelFiles.Read, ["GPT2Tokenizer", "RobertaTokenizer", "BartTokenizer", "LongformerTokenizer"], "vocab.json", "merges.txt"),
        // OpenAI's names of 2019.
        new(ByteLevelFiles.Read, ["GPT2Tokenizer"], "encoder.json", "vocab.bpe"),
        new(SentencePieceFile.Read, ["T5Tokenizer", "LlamaTokenizer", "ReformerTokenizer"], "spiece.model"),
        new(SentencePieceFile.Read, ["T5Tokenizer", "LlamaTokenizer", "ReformerTokenizer"], "tokenizer.model"),
        new(WordPieceFile.Read, ["BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"], "vocab.txt"),
    ];

    // Classes that say nothing about the kind: any tokenizer.json has them.
    private static readonly string[] AnyKind = ["PreTrainedTokenizer", "TokenizersBackend"];

    /// <summary>Whether the folder holds a tokenizer.</summary>
    public static bool AreIn(string folder) => Has(folder, Single) || Kinds.Any(kind => Has(folder, kind.Files[0]));

    /// <summary>Names of the files in the folder that belong to its tokenizer.</summary>
    public static string[] In(string folder) =>
        [.. Kinds.SelectMany(kind => kind.Files).Append(Single).Concat(Settings).Where(name => Has(folder, name))];

    /// <summary>Names of the files that hold its vocabulary. Of a pair and a <c>tokenizer.json</c> that say the same, the pair.</summary>
    public static string[] VocabularyIn(string folder)
    {
        if (Kinds.Take(1).FirstOrDefault(kind => kind.IsIn(folder)) is { } pair) return pair.Files;
        if (Has(folder, Single)) return [Single];
        return [.. (KindIn(folder)?.Files ?? []).Where(name => Has(folder, name))];
    }

    /// <summary>Reads and checks them.</summary>
    /// <exception cref="InputException">A file is missing or damaged, or two of them contradict each other.</exception>
    public static TokenizerDefinition Read(string folder, TokenizerConfig config)
    {
        TokenizerDefinition definition;
        if (Has(folder, Single))
        {
            definition = TokenizerJson.Read(Path.Combine(folder, Single), config);
        }
        else
        {
            Kind kind = KindIn(folder) ?? Kinds[0];
            CheckClass(config, kind);
            definition = kind.Read([.. kind.Files.Select(name => Path.Combine(folder, name))], config);
        }

        definition = definition with { Added = Merge(folder, definition, config) };
        if (definition.Merges is not null) CheckMerges(folder, definition);
        if (Has(folder, Single) && Kinds[0].IsIn(folder)) CheckSame(folder, definition);
        return definition;
    }

    private static bool Has(string folder, string name) => Path.Exists(Path.Combine(folder, name));

    private static Kind? KindIn(string folder) =>
        Kinds.FirstOrDefault(kind => kind.IsIn(folder)) ?? Kinds.FirstOrDefault(kind => Has(folder, kind.Files[0]));

    /// <summary>Other programs read the same files and do other things with them.</summary>
    private static void CheckClass(TokenizerConfig config, Kind kind)
    {
        if (config.Class is not { } name) return;
        string plain = name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name;
        if (kind.Classes.Contains(plain) || AnyKind.Contains(plain)) return;
        throw new InputException(
            $"{config.ClassWhere} is {Quoted.Text(name)}, supported with {string.Join(" and ", kind.Files)}: "
                + $"{string.Join(", ", kind.Classes)}.",
            "that class does something else with its files; save it as tokenizer.json where it can be.");
    }

    /// <summary>Each added token once. Of several mentions the first decides its flags; all must agree on its id.</summary>
    private static AddedToken[] Merge(string folder, TokenizerDefinition definition, TokenizerConfig config)
    {
        string[] tokens = definition.Tokens;
        Dictionary<string, int> ids = tokens.Select(KeyValuePair.Create).ToDictionary();
        var merged = new Dictionary<string, AddedToken>();
        var byId = new Dictionary<int, AddedToken>();
        IEnumerable<AddedToken> named = Has(folder, Single) ? definition.Added : definition.Added.Concat(config.Added);
        foreach (AddedToken token in config.Decoder.Concat(named))
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

        // Texts with a role are found whole as well, those that the kind of tokenizer has by itself too.
        IEnumerable<AddedToken> found = definition.Found.Select(text => new AddedToken(folder, -1, text));
        foreach (AddedToken token in config.Special.Concat(found))
            if (ids.TryGetValue(token.Text, out int id)) merged.TryAdd(token.Text, token with { Id = id });
        return [.. merged.Values];
    }

    private static void CheckMerges(string folder, TokenizerDefinition definition)
    {
        string name = Has(folder, Single) ? Single : KindIn(folder)!.Files[^1];
        var added = definition.Added.Select(token => token.Text).ToHashSet();
        if (definition.Merges!.Count == 0 && definition.Tokens.Any(token => token.Length > 1 && !added.Contains(token)))
            throw new InputException(
                $"{Path.Combine(folder, name)}: no merges, so most of the {definition.Tokens.Length} tokens of the vocabulary could "
                    + "never be made.",
                "download the file again.");
    }

    private static void CheckSame(string folder, TokenizerDefinition definition)
    {
        string[] paths = [.. Kinds[0].Files.Select(name => Path.Combine(folder, name))];
        string[] tokens = VocabularyFiles.ReadVocabulary(paths[0], isByteLevel: false);
        Dictionary<int, string> added = definition.Added.ToDictionary(token => token.Id, token => token.Text);
        for (int id = 0; id < Math.Max(tokens.Length, definition.Tokens.Length); id++)
        {
            string? single = id < definition.Tokens.Length ? definition.Tokens[id] : added.GetValueOrDefault(id);
            string? pair = id < tokens.Length ? tokens[id] : added.GetValueOrDefault(id);
            if (single != pair) throw Differ(paths[0], $"token {id} is {Shown(pair)}, but {Shown(single)}");
        }

        List<string> merges = VocabularyFiles.ReadMerges(paths[1], tokens.ToHashSet());
        IReadOnlyList<string> other = definition.Merges ?? [];
        for (int rank = 0; rank < Math.Max(merges.Count, other.Count); rank++)
        {
            string? pair = merges.ElementAtOrDefault(rank), single = other.ElementAtOrDefault(rank);
            if (single != pair) throw Differ(paths[1], $"merge {rank} (counted from 0) is {Shown(pair)}, but {Shown(single)}");
        }
    }

    private static string Shown(string? text) => text is null ? "missing" : Quoted.Text(text);

    private static InputException Differ(string path, string what) => new(
        $"{path}: {what} in {Single} beside it.",
        $"keep the files that belong to the model: {Single} alone, or {string.Join(" and ", Kinds[0].Files)}.");

    private sealed record Kind(Func<string[], TokenizerConfig, TokenizerDefinition> Read, string[] Classes, params string[] Files)
    {
        public bool IsIn(string folder) => Files.All(name => Has(folder, name));
    }
}
