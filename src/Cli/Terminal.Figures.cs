using System.Globalization;

namespace Sharpformer.Cli;

/// <content>
/// How numbers look to people, one form for each kind of them; docs/command-line.md lists these. JSON has all digits and base units.
/// </content>
internal sealed partial class Terminal
{
    /// <summary>A number that is none of the kinds below, to so many decimals at most; a dash for none.</summary>
    public static string Number(double? value, string format = "0.####") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";

    /// <summary>How many: <c>6,567,680</c>. Numbers that name something (an edit, a token) have no commas.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A count and its noun, in the plural unless it is one.</summary>
    public static string Counted(long count, string noun) => count == 1 ? $"1 {noun}" : $"{Count(count)} {noun}s";

    /// <summary>A size in powers of a thousand, as disks and model hubs have it: <c>980 bytes</c>, <c>13.1 MB</c>.</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        < 1e3 => Counted((long)bytes, "byte"),
        < 999_500 => $"{Figure(bytes / 1e3)} kB",
        < 999_500_000 => $"{Figure(bytes / 1e6)} MB",
        < 999_500_000_000 => $"{Figure(bytes / 1e9)} GB",
        _ => $"{Figure(bytes / 1e12)} TB",
    };

    /// <summary>How long something took: <c>64 ms</c>, <c>3.8 s</c>, <c>4.2 min</c>, <c>2.5 h</c>.</summary>
    public static string Duration(double seconds) => seconds switch
    {
        < 0.9995 => $"{Number(seconds * 1e3, "0")} ms",
        < 119.95 => $"{Number(seconds, "0.0")} s",
        < 7_197 => $"{Number(seconds / 60, "0.0")} min",
        _ => $"{Number(seconds / 3600, "0.0")} h",
    };

    /// <summary>A share of a hundred, without the sign: one decimal, below one and near all two; less than all is never 100.</summary>
    public static string Percent(double? percent) => percent switch
    {
        > 0 and < 0.995 => Number(percent, "0.00"),
        >= 99.95 and < 100 => Number(Math.Min(percent.Value, 99.99), "0.00"),
        _ => Number(percent, "0.0"),
    };

    /// <summary>A probability: <c>0.938</c>, and <c>3.2E-5</c> where that would be nothing.</summary>
    public static string Probability(double p) => Number(p, p is > 0 and < 0.001 ? "0.#E+0" : "0.000");

    /// <summary>A score, threshold, margin, strength, logit or norm.</summary>
    public static string Score(double value) => Number(value, "0.00");

    /// <summary>A loss or divergence in nats, or bits.</summary>
    public static string Nats(double value) => Number(value, "0.0000");

    /// <summary>A speed or any other measured figure, to three digits or so.</summary>
    public static string Figure(double value) => value >= 1000 ? Count((long)Math.Round(value))
        : Number(value, value >= 99.95 ? "0" : value >= 9.995 ? "0.0" : "0.00");

    /// <summary>A moment, in UTC to the second, as <c>--at</c> takes it.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Whole numbers as <c>1-4, 7</c>; only the first few pieces of what is torn.</summary>
    public static string Ranges(long[] numbers)
    {
        const int Pieces = 5;
        Array.Sort(numbers);
        var pieces = new List<string>();
        for (int i = 0, end; i < numbers.Length; i = end)
        {
            for (end = i + 1; end < numbers.Length && numbers[end] <= numbers[end - 1] + 1;) end++;
            pieces.Add(numbers[i] == numbers[end - 1] ? $"{numbers[i]}" : $"{numbers[i]}-{numbers[end - 1]}");
        }

        return string.Join(", ", pieces.Take(Pieces)) + (pieces.Count > Pieces ? ", …" : "");
    }
}
