using System.Globalization;
using System.Text.Json;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization;

/// <summary>
/// What the files beside a vocabulary say: <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c> and
/// <c>added_tokens.json</c>. Each may be missing.
/// </summary>
internal sealed class TokenizerConfig
{
    private const string Hint = "it belongs to a model's tokenizer; download it again, or remove it.";
    private static readonly string[] Roles =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "additional_special_tokens"];

    // What a tokenizer may be told to do. Others say how Python shows or saves it.
    private static readonly string[] Flags =
    [
        "add_prefix_space", "add_bos_token", "do_lower_case", "do_basic_tokenize", "tokenize_chinese_chars", "strip_accents", "legacy",
    ];

    private const int MostExtraIds = 1 << 16;

    private readonly Dictionary<string, AddedToken> byRole = [];
    private readonly Dictionary<string, (bool Value, string Where)> flags = [];

    private TokenizerConfig()
    {
    }

    /// <summary>Texts with a role; their ids are not known here.</summary>
    public List<AddedToken> Special { get; } = [];

    /// <summary>Added tokens with ids and flags, <c>added_tokens_decoder</c> of <c>tokenizer_config.json</c>.</summary>
    public IReadOnlyList<AddedToken> Decoder { get; private set; } = [];

    /// <summary>Added tokens of <c>added_tokens.json</c>, which knows no flags.</summary>
    public IReadOnlyList<AddedToken> Added { get; private set; } = [];

    /// <summary><c>tokenizer_class</c>: the program that made the files; null where none is named.</summary>
    public string? Class { get; private set; }

    /// <summary>The file that names it, and where.</summary>
    public string? ClassWhere { get; private set; }

    /// <summary><c>extra_ids</c>, the number of T5's sentinels, where it is said.</summary>
    public int? ExtraIds { get; private set; }

    /// <summary>Reads the files that are there. The first that names a role decides it.</summary>
    /// <exception cref="InputException">A file is damaged or holds something else.</exception>
    public static TokenizerConfig Read(string folder)
    {
        var config = new TokenizerConfig();
        ReadIfThere(folder, "special_tokens_map.json", config.AddRoles);
        ReadIfThere(folder, "tokenizer_config.json", root =>
        {
            config.AddRoles(root);
            if (root.Find("added_tokens_decoder") is { } decoder)
                config.Decoder = [.. decoder.Members().Select(entry => AddedToken.Read(entry.Value, IdOf(entry.Key, entry.Value)))];
            config.Class = root.Text("tokenizer_class");
            config.ClassWhere = root.Find("tokenizer_class")?.Where;
            config.ExtraIds = root.Find("extra_ids") is { } extra
                ? extra.AsWhole(0, MostExtraIds) ?? throw extra.Unexpected($"a whole number from 0 to {MostExtraIds}")
                : null;
            foreach (string name in Flags)
                if (root.Find(name) is { } flag) config.flags.Add(name, (root.Flag(name, false), flag.Where));
        });
        ReadIfThere(folder, "added_tokens.json", root => config.Added = [.. root.Value.EnumerateObject().Select(entry =>
            entry.Name.Length > 0
                ? new AddedToken(root.File, new JsonPart(root.File, Quoted.Text(entry.Name), entry.Value).AsId(), entry.Name)
                {
                    Normalized = !config.Special.Exists(s => s.Text == entry.Name),
                }
                : throw new InputException($"{root.File}: a token without text.", Hint))]);
        return config;
    }

    /// <summary>The token with a role such as <c>eos_token</c>; null where no file names one. Its id is not known here.</summary>
    public AddedToken? WithRole(string role) => byRole.GetValueOrDefault(role);

    /// <summary>An option such as <c>do_lower_case</c>; null where the file does not say.</summary>
    public bool? Flag(string name) => flags.TryGetValue(name, out (bool Value, string Where) flag) ? flag.Value : null;

    /// <summary>Makes sure that an option does not have a value whose meaning is not known here.</summary>
    /// <exception cref="InputException">It has.</exception>
    public void Refuse(string name, bool value)
    {
        if (flags.TryGetValue(name, out (bool Value, string Where) flag) && flag.Value == value)
            throw new InputException($"{flag.Where} is {(value ? "true" : "false")}, which would give other ids than are made here.", Hint);
    }

    /// <summary>Names a token for a role that no file names one for.</summary>
    public void Default(string role, string file, string? text)
    {
        if (text is not null) byRole.TryAdd(role, new AddedToken(file, -1, text));
    }

    private static void ReadIfThere(string folder, string name, Action<JsonPart> read)
    {
        string path = Path.Combine(folder, name);
        if (!Path.Exists(path)) return;
        JsonPart.Read(path, Hint, root =>
        {
            _ = root.Members(); // Throws where the file is no object.
            read(root);
            return true;
        });
    }

    private void AddRoles(JsonPart root)
    {
        foreach (string role in Roles)
        {
            if (root.Find(role) is not { } value || byRole.ContainsKey(role)) continue;
            AddedToken[] tokens = value.Value.ValueKind == JsonValueKind.Array ? [.. value.Elements().Select(TokenOf)] : [TokenOf(value)];
            if (tokens.Length == 0) continue;
            byRole.Add(role, tokens[0]);
            Special.AddRange(tokens);
        }
    }

    /// <summary>A token is written as its text, or as an object with flags.</summary>
    private static AddedToken TokenOf(JsonPart part)
    {
        if (part.Value.ValueKind == JsonValueKind.Object) return AddedToken.Read(part, -1, hasRole: true);
        return new AddedToken(
            part.File, -1, part.AsText() is { Length: > 0 } text ? text : throw part.Unexpected("at least one character"));
    }

    private static int IdOf(string key, JsonPart entry) =>
        int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id < TokenizerDefinition.MaxIds
            ? id
            : throw new InputException(
                $"{entry.Where}: {Quoted.Text(key)} is no token id from 0 to {TokenizerDefinition.MaxIds - 1}.", Hint);
}
