using System.Globalization;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>Which low-rank additions are trained instead of the weights (Hu et al. 2021), in the words <c>rank=8,alpha=16,…</c>.</summary>
/// <param name="Rank">r: rows of A, columns of B.</param>
/// <param name="Alpha">The addition is B·A times α/r, or α/√r if <paramref name="IsRankStabilized"/>.</param>
/// <param name="Modules">Ends of the names of the linear maps; <c>all-linear</c> for all of a block; none for the family's default.</param>
/// <param name="Dropout">Share of what reaches A that is dropped.</param>
/// <param name="IsRankStabilized">Whether the scale is α/√r (Kalajdzievski 2023).</param>
public sealed record LoraPlan(int Rank, double Alpha, IReadOnlyList<string> Modules, double Dropout, bool IsRankStabilized)
{
    /// <summary>What the words may say.</summary>
    public const string Form = "rank=N with any of alpha=N, modules=NAME+NAME, dropout=N, rslora=true behind it, between commas";

    /// <summary>The largest rank.</summary>
    public const int MaxRank = 1 << 16;

    private const double MaxAlpha = 1e9;

    private const string RankKey = "rank", AlphaKey = "alpha", ModulesKey = "modules", DropoutKey = "dropout", StabilizedKey = "rslora";

    private static readonly string[] Keys = [RankKey, AlphaKey, ModulesKey, DropoutKey, StabilizedKey];

    // What PEFT calls them.
    private static readonly Dictionary<string, string> InPeft = new()
    {
        ["r"] = RankKey,
        ["lora_alpha"] = AlphaKey,
        ["target_modules"] = ModulesKey,
        ["lora_dropout"] = DropoutKey,
        ["use_rslora"] = StabilizedKey,
    };

    /// <summary>Reads the words. α is the rank unless it is given, which is a scale of 1 and PEFT's default at its default rank.</summary>
    /// <param name="words">The words.</param>
    /// <param name="where">What messages call them.</param>
    /// <exception cref="InputException">They say something else.</exception>
    public static LoraPlan Parse(string words, string where)
    {
        ArgumentNullException.ThrowIfNull(words);
        var said = new Dictionary<string, string>();
        foreach (string word in words.Split(','))
        {
            if (word.Split('=', 2, StringSplitOptions.TrimEntries) is not [var key, var value])
                throw Wrong($"{Quoted.Text(word.Trim())} is no setting with its value");
            if (!Keys.Contains(key))
            {
                string near = InPeft.GetValueOrDefault(key) is { } here ? $" Did you mean '{here}'?" : Nearest.Question(key, Keys);
                throw Wrong($"{Quoted.Text(key)} is unknown, expected some of {string.Join(", ", Keys)}", near);
            }

            if (!said.TryAdd(key, value)) throw Wrong($"{key} is there twice");
        }

        int rank = int.TryParse(said.GetValueOrDefault(RankKey), NumberStyles.None, CultureInfo.InvariantCulture, out int r)
            && r is >= 1 and <= MaxRank ? r : throw Wrong($"{Told(RankKey)}, expected a whole number from 1 to {MaxRank}");
        double alpha = Number(AlphaKey, rank, n => n is > 0 and <= MaxAlpha, "a number above 0, at most 1e9");
        double dropout = Number(DropoutKey, 0, n => n is >= 0 and < 1, "a number from 0, below 1");
        bool isStabilized = said.GetValueOrDefault(StabilizedKey, "false") switch
        {
            "true" => true,
            "false" => false,
            _ => throw Wrong($"{Told(StabilizedKey)}, expected true or false"),
        };
        string[] modules = said.TryGetValue(ModulesKey, out string? names) ? names.Split('+', StringSplitOptions.TrimEntries) : [];
        if (modules.Any(string.IsNullOrWhiteSpace)) throw Wrong($"{Told(ModulesKey)}, expected names with + between them");
        return new LoraPlan(rank, alpha, modules, dropout, isStabilized);

        double Number(string key, double otherwise, Func<double, bool> allowed, string expected) =>
            !said.TryGetValue(key, out string? text) ? otherwise
                : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double n) && allowed(n) ? n
                : throw Wrong($"{Told(key)}, expected {expected}");

        string Told(string key) => said.TryGetValue(key, out string? value) ? $"{key} is {Quoted.Text(value)}" : $"{key} is missing";

        InputException Wrong(string what, string near = "") => new($"{where}: {what}.{near}", $"it is {Form}.");
    }

    /// <summary>The words again, all of them.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{RankKey}={Rank},{AlphaKey}={Alpha:R}{(Modules.Count > 0 ? $",{ModulesKey}={string.Join('+', Modules)}" : "")}"
        + $"{(Dropout > 0 ? $",{DropoutKey}={Dropout:R}" : "")}{(IsRankStabilized ? $",{StabilizedKey}=true" : "")}");
}
