using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Adapters;

/// <summary>
/// Which modules an adapter changes by its own account: <c>target_modules</c>, <c>exclude_modules</c>, <c>layers_to_transform</c>.
/// </summary>
internal sealed class TargetModules
{
    /// <summary>What stands for all linear maps within blocks.</summary>
    public const string AllLinear = "all-linear";

    private const string Key = "target_modules";

    private readonly List<string> ends = [];
    private readonly ModulePattern? pattern;
    private readonly bool isAllLinear, isUnsaid;
    private readonly Func<string, bool> isExcluded;
    private readonly HashSet<int>? layers;

    /// <summary>Reads them.</summary>
    /// <exception cref="InputException">A value is something else.</exception>
    public TargetModules(JsonPart file)
    {
        if (file.Find(Key) is not { } targets) isUnsaid = true;
        else if (TextOf(targets) is not { } text) ends.AddRange(targets.Elements().Select(part => part.AsText()));
        else if (text == AllLinear) isAllLinear = true;
        else pattern = ModulePattern.Whole(targets.Where, text);
        isExcluded = Excluded(file.Find("exclude_modules"));
        if (file.Find("layers_to_transform") is { } chosen)
            layers = [.. chosen.AsWhole(0, int.MaxValue) is { } one ? [one] : chosen.Elements().Select(Layer)];
    }

    /// <summary>Whether a module has a pair of matrices of its own.</summary>
    /// <param name="module">The module in the model's own names, as in <c>transformer.h.0.attn.c_attn</c>.</param>
    /// <param name="isInBlock">Whether it is a linear map within a block: of the others <c>all-linear</c> means none.</param>
    public bool Has(string module, bool isInBlock)
    {
        if (isExcluded(module)) return false;
        if (pattern is not null) return pattern.Matches(module);
        return (isAllLinear ? isInBlock : Ends(module, ends))
            && (layers is null || (LayerOf(module) is { } layer && layers.Contains(layer)));
    }

    /// <summary>Whether a name of a list means a module: it is the last words of the module's own.</summary>
    public static bool IsEnd(string name, string module) => module == name || module.EndsWith("." + name, StringComparison.Ordinal);

    /// <summary>Whether the settings leave it to the tensors.</summary>
    public bool IsUnsaid => isUnsaid;

    private static Func<string, bool> Excluded(JsonPart? excluded)
    {
        if (excluded is not { } part) return _ => false;
        if (TextOf(part) is { } text) return ModulePattern.Whole(part.Where, text).Matches;
        string[] names = [.. part.Elements().Select(name => name.AsText())];
        return module => Ends(module, names);
    }

    private static bool Ends(string module, IReadOnlyList<string> ends) => ends.Any(end => IsEnd(end, module));

    private static string? TextOf(JsonPart part) => part.Value.ValueKind == System.Text.Json.JsonValueKind.String ? part.AsText() : null;

    private static int Layer(JsonPart part) => part.AsWhole(0, int.MaxValue) ?? throw part.Unexpected("a block, counted from 0");

    // The number of h.N: all families here call their blocks so.
    private static int? LayerOf(string module)
    {
        string[] words = module.Split('.');
        int h = Array.IndexOf(words, "h");
        return h >= 0 && h + 1 < words.Length && int.TryParse(words[h + 1], out int layer) ? layer : null;
    }
}
