using System.Text.Json;

namespace Sharpformer.FactsCorpus.Material;

/// <summary>All that the corpus is made of; <c>data/README.md</c> says where it comes from.</summary>
/// <param name="Known">The facts that the model shall know.</param>
/// <param name="Unknown">Facts that it must never be told, because edits shall teach them.</param>
/// <param name="Nq">Questions of NQ-open and their answers.</param>
internal sealed record RawMaterial(
    IReadOnlyList<Fact> Known, IReadOnlyList<Fact> Unknown, IReadOnlyList<(string Question, string Answer)> Nq)
{
    /// <summary>What this program carries with it.</summary>
    public static RawMaterial Load()
    {
        using Stream stream = Open("relations.json");
        var stored = JsonSerializer.Deserialize<StoredRelation[]>(stream, JsonSerializerOptions.Web)!;
        var relations = stored.ToDictionary(r => r.Id, r => new Relation(r.Id, r.Patterns, r.Questions));
        return new RawMaterial(Facts("known.tsv"), Facts("unknown.tsv"), [.. Rows("nq.tsv").Select(row => (row[0], row[1]))]);

        Fact[] Facts(string name) => [.. Rows(name).Select(row => new Fact(relations[row[0]], row[1], row[2]))];
    }

    /// <summary>The relations that known facts are of.</summary>
    public IEnumerable<Relation> Relations => Known.Select(fact => fact.Relation).Distinct();

    private static IEnumerable<string[]> Rows(string name)
    {
        using var reader = new StreamReader(Open(name));
        while (reader.ReadLine() is { } line) yield return line.Split('\t');
    }

    private static Stream Open(string name) => typeof(RawMaterial).Assembly.GetManifestResourceStream(name)
        ?? throw new InvalidOperationException($"The program was built without {name}.");

    private sealed record StoredRelation(string Id, string[] Patterns, string[] Questions);
}
