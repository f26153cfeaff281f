using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sharpformer.Tests.Cli;

/// <summary>Input files for the program, cut from the golden edit sets.</summary>
internal static class CliFiles
{
    /// <summary>One golden edit set with its settings and scores.</summary>
    public static JsonObject Set(string name) => JsonNode.Parse(File.ReadAllText(TestFiles.Golden("ireva_small.json")))!["cases"]!.AsArray()
        .Select(c => c!.AsObject()).Single(c => (string)c["set"]! == name);

    /// <summary>Writes the records of some golden sets into one file.</summary>
    public static string Records(TemporaryFolder folder, string name, int limit, params string[] sets)
    {
        IEnumerable<JsonNode?> records = sets.SelectMany(set => Set(set)["records"]!.AsArray()).Take(limit);
        string path = folder.File(name);
        File.WriteAllText(path, $"[{string.Join(',', records.Select(r => r!.ToJsonString()))}]");
        return path;
    }

    /// <summary>Writes records with nothing but a prompt and a target.</summary>
    public static string Facts(TemporaryFolder folder, string name, params (string Src, string Alt)[] facts)
    {
        string path = folder.File(name);
        File.WriteAllText(path, JsonSerializer.Serialize(facts.Select(f => new { src = f.Src, alt = f.Alt })));
        return path;
    }
}
