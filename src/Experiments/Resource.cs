using System.Text;

namespace Sharpformer.Experiments;

/// <summary>Texts that travel within the program.</summary>
internal static class Resource
{
    /// <summary>A text by its name, for example <c>plans/table1.json</c>.</summary>
    public static string Text(string name)
    {
        using Stream stream = typeof(Resource).Assembly.GetManifestResourceStream(name)
            ?? throw new ArgumentException($"Resource: there is no {name}.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
