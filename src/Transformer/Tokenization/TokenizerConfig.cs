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

    private readonly Dictionary<string, AddedToken> byRole = [];

    private TokenizerConfig()
    {
    }

    /// <summary>Texts with a role; their ids are not known here.</summary>
    public List<AddedToken> Special { get; } = [];

    /// <summary>Added tokens with ids and flags, <c>added_tokens_decoder</c> of <c>tokenizer_config.json</c>.</summary>
    public IReadOnlyList<AddedToken> Decoder { get; private set; } = [];

    /// <summary>Added tokens of <c>added_tokens.json</c>, which knows no flags.</summary>
    public IReadOnlyList<AddedToken> Added { get; private set; } = [];

    /// <summary><c>add_prefix_space</c>, where it is said.</summary>
    public bool? AddPrefixSpace { get; private set; }

    /// <summary>The place that says tokens are to be put around each text; null where none does.</summary>
    public string? AddsAround { get; private set; }

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
            if (root.Find("add_prefix_space") is not null) config.AddPrefixSpace = root.Flag("add_prefix_space", false);
            foreach (string option in (ReadOnlySpan<string>)["add_bos_token", "add_eos_token"])
                if (root.Flag(option, false)) config.AddsAround ??= root.Need(option).Where;
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
