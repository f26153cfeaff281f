using System.Globalization;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>A size in words, in powers of a thousand: <c>4 GB</c>, <c>500 MB</c>.</summary>
internal static class MemoryText
{
    private static readonly (string Unit, decimal Bytes)[] Units = [("TB", 1e12m), ("GB", 1e9m), ("MB", 1e6m), ("kB", 1e3m)];

    /// <summary>Reads it, with or without the B and the blank; a number alone is gigabytes.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public static long Parse(string text, string where)
    {
        string all = text.Trim(), number = all.TrimEnd("TGMKBtgmkb".ToCharArray());
        string unit = all.Length > number.Length ? all[number.Length..] : "GB";
        decimal size = Units.FirstOrDefault(one => Is(one.Unit) || Is(one.Unit[..1])).Bytes;
        bool isNumber = decimal.TryParse(
            number.TrimEnd(), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out decimal count);
        bool isSize = isNumber && size > 0 && count < 1e18m / size && count * size >= 1;
        return isSize ? (long)(count * size) : throw new InputException(
            $"{where} is {Quoted.Text(text)}, expected a size in {string.Join(", ", Units.Select(one => one.Unit))} as 4GB or 500MB, or a "
            + "number of gigabytes.");

        bool Is(string known) => unit.Equals(known, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The size in words, exactly.</summary>
    public static string Of(long bytes)
    {
        (string unit, decimal size) = Units.FirstOrDefault(one => bytes >= one.Bytes, Units[^1]);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / size:0.############} {unit}");
    }

    /// <summary>The size in words of three digits, which mean no less.</summary>
    public static string RoundedUp(long bytes)
    {
        long last = 1;
        while (bytes / last >= 1000) last *= 10;
        return Of(bytes / last * last + (bytes % last > 0 ? last : 0));
    }
}
