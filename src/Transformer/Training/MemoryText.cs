using System.Globalization;
using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Training;

/// <summary>A size in words, in powers of a thousand: <c>4GB</c>, <c>500MB</c>.</summary>
internal static class MemoryText
{
    private static readonly (string Unit, double Bytes)[] Units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];

    /// <summary>Reads it; a number alone is gigabytes.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public static long Parse(string text, string where)
    {
        string number = text.Trim();
        double size = Units[0].Bytes;
        foreach ((string unit, double bytes) in Units)
        {
            if (!number.EndsWith(unit, StringComparison.OrdinalIgnoreCase)) continue;
            (number, size) = (number[..^unit.Length].TrimEnd(), bytes);
            break;
        }

        bool isSize = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count);
        return isSize && count * size is >= 1 and < 1e18 ? (long)(count * size) : throw new InputException(
            $"{where} is {Quoted.Text(text)}, expected a size as 4GB or 500MB.");
    }

    /// <summary>The size in words, exactly.</summary>
    public static string Of(long bytes)
    {
        (string unit, double size) = Units.FirstOrDefault(one => bytes >= one.Bytes, Units[^1]);
        return string.Create(CultureInfo.InvariantCulture, $"{(decimal)bytes / (decimal)size:0.#########}{unit}");
    }
}
