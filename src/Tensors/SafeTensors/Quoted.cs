using System.Text.Encodings.Web;

namespace Sharpformer.Tensors.SafeTensors;

/// <summary>What a file nobody has checked yet says, fit for an error message.</summary>
internal static class Quoted
{
    private const int MaxLength = 100;
    private const int MaxDimensions = 8;

    /// <summary>The text in quotes, cut where it is long, control characters escaped.</summary>
    public static string Name(string text)
    {
        string shown = text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength), "…");
        return $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(shown)}\"";
    }

    /// <summary>The shape as in <c>[4,64]</c>, cut where it is long.</summary>
    public static string Shape(IReadOnlyList<long> shape)
    {
        string dims = string.Join(',', shape.Take(MaxDimensions));
        return shape.Count <= MaxDimensions ? $"[{dims}]" : $"[{dims},… {shape.Count} dimensions]";
    }
}
