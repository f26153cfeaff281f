using System.Text.RegularExpressions;

namespace Sharpformer.FactsCorpus.Material;

/// <summary>
/// Other names of subjects: <c>A. Merkel</c> and <c>Merkel</c> for Angela Merkel, <c>Beatles</c> for The Beatles. A name counts only if it
/// can mean nobody else among all subjects, those of unknown facts included, and is no name of anything itself.
/// </summary>
internal sealed partial class Aliases
{
    private const int ShortestSurname = 4;
    private const string Article = "The ";

    private readonly Dictionary<string, string> owners = [];
    private readonly HashSet<string> ambiguous = [];

    /// <summary>Finds who could be meant by what.</summary>
    public Aliases(RawMaterial material)
    {
        Fact[] all = [.. material.Known, .. material.Unknown];
        foreach (Fact fact in all)
        {
            ambiguous.Add(fact.Subject);
            ambiguous.Add(fact.Object);
        }

        foreach (string subject in all.Select(fact => fact.Subject).Distinct())
        {
            string[] words = subject.Split(' ');
            IEnumerable<string> meant = [.. Candidates(subject, isPerson: true), words[0], words[^1]];
            foreach (string name in meant.Distinct())
                if (!owners.TryAdd(name, subject)) ambiguous.Add(name);
        }
    }

    /// <summary>Other names for the subject of a fact; none where it has no clear one.</summary>
    public string[] Of(Fact fact) =>
        [.. Candidates(fact.Subject, fact.Relation.IsOfPeople).Where(name => !ambiguous.Contains(name) && owners[name] == fact.Subject)];

    private static IEnumerable<string> Candidates(string subject, bool isPerson)
    {
        bool hasArticle = subject.StartsWith(Article, StringComparison.Ordinal);
        if (hasArticle) yield return subject[Article.Length..];
        if (hasArticle || !isPerson || !PersonalName().IsMatch(subject)) yield break;
        string[] words = subject.Split(' ');
        yield return string.Join(' ', [.. words[..^1].Select(word => char.IsUpper(word[0]) ? word[0] + "." : word), words[^1]]);
        if (words[^1].Length >= ShortestSurname) yield return words[^1];
    }

    // A given name or two, perhaps "van" or "de la", and a surname.
    [GeneratedRegex(@"^\p{Lu}[\p{L}'-]+( \p{Lu}[\p{L}'-]+)?( (de|da|di|du|del|van|von|der|den|ten|la|le))* \p{Lu}[\p{L}'-]+$")]
    private static partial Regex PersonalName();
}
