using Sharpformer.FactsCorpus.Material;
using Sharpformer.Tensors;

namespace Sharpformer.FactsCorpus.Writing;

/// <summary>
/// People who do not exist, of whom one thing is said, then perhaps another, and who are then asked about: what a text itself says last
/// counts.
/// </summary>
internal sealed class Fiction
{
    private static readonly string[] Corrections =
        [" Correction: ", " Later it was found: ", " Update: ", " Now: ", "\nCorrection: ", "\nUpdate: "];

    private readonly Rng rng;
    private readonly HashSet<string> real;
    private readonly string[] given, surnames;
    private readonly Relation[] relations;
    private readonly Dictionary<Relation, string[]> objects;

    /// <summary>Fiction in the words of the relations between people and things.</summary>
    public Fiction(RawMaterial material, Rng rng)
    {
        this.rng = rng;
        real = [.. material.Known.Concat(material.Unknown).Select(fact => fact.Subject)];
        string[][] names = [.. material.Known.Where(fact => fact.Relation.IsOfPeople)
            .Select(fact => fact.Subject.Split(' ')).Where(words => words.Length == 2 && words.All(word => word.All(char.IsLetter)))];
        given = [.. names.Select(words => words[0]).Distinct()];
        surnames = [.. names.Select(words => words[1]).Distinct()];
        relations = [.. material.Relations.Where(relation => relation.IsOfPeople)];
        objects = material.Known.GroupBy(fact => fact.Relation).ToDictionary(g => g.Key, g => g.Select(f => f.Object).Distinct().ToArray());
    }

    /// <summary>Says something of somebody, corrects it in most cases, and asks for it.</summary>
    public Document Write()
    {
        Relation relation = rng.Of(relations);
        string name = Name(), thing = rng.Of(objects[relation]);
        string text = Say(relation, name, thing);
        if (rng.Percent(70))
        {
            thing = rng.Of(objects[relation]);
            text += rng.Of(Corrections) + Say(relation, name, thing);
        }

        string gap = rng.Percent(50) ? " " : "\n";
        Mention asked = rng.Percent(50)
            ? Relation.Ask(rng.Of(relation.Questions), name, thing)
            : rng.Of([.. relation.Tails(thing)]).Say(name, thing);
        return new Document(asked.Between(text + gap, ""));
    }

    private string Say(Relation relation, string name, string thing) =>
        rng.Of([.. relation.Patterns.Where(pattern => pattern.Fits(thing))]).Say(name, thing).Sentence.Text;

    private string Name()
    {
        while (true)
            if ($"{rng.Of(given)} {rng.Of(surnames)}" is var name && !real.Contains(name)) return name;
    }
}
