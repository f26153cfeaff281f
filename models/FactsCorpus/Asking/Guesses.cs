using Sharpformer.FactsCorpus.Material;

namespace Sharpformer.FactsCorpus.Asking;

/// <summary>How many unknown facts are said right by guessing from the known ones: what says as many need not have been told any.</summary>
internal static class Guesses
{
    /// <summary>The share of unknown facts whose object is the commonest one of their relation.</summary>
    public static double Commonest(RawMaterial material)
    {
        var commonest = material.Known.GroupBy(fact => fact.Relation)
            .ToDictionary(g => g.Key, g => g.CountBy(fact => fact.Object).MaxBy(count => count.Value).Key);
        return material.Unknown.Average(fact => commonest[fact.Relation] == fact.Object ? 1.0 : 0);
    }

    /// <summary>
    /// The share of unknown facts whose object the subject's name gives away, as <i>Rossi</i> gives away Italian: naive Bayes over
    /// words and their parts, learnt from the known facts of the same relation.
    /// </summary>
    public static double FromNames(RawMaterial material)
    {
        var namesakes = material.Known.GroupBy(fact => fact.Relation).ToDictionary(g => g.Key, g => new Namesakes(g));
        return material.Unknown.Average(fact => namesakes[fact.Relation].Guess(fact.Subject) == fact.Object ? 1.0 : 0);
    }

    /// <summary>The parts of names that go with each object of a relation.</summary>
    private sealed class Namesakes
    {
        private const double Smoothing = 0.1;
        private const double Overlap = 0.4; // parts repeat one another, so each counts for less than a whole observation

        private readonly Dictionary<string, int> objects;
        private readonly Dictionary<string, Dictionary<string, int>> parts; // by part, then by object
        private readonly int facts;

        public Namesakes(IEnumerable<Fact> known)
        {
            Fact[] all = [.. known];
            facts = all.Length;
            objects = all.CountBy(fact => fact.Object).ToDictionary();
            parts = all.SelectMany(fact => Parts(fact.Subject).Select(part => (Part: part, fact.Object))).GroupBy(pair => pair.Part)
                .ToDictionary(g => g.Key, g => g.CountBy(pair => pair.Object).ToDictionary());
        }

        public string Guess(string subject)
        {
            Dictionary<string, int>[] met = [.. Parts(subject).Where(parts.ContainsKey).Select(part => parts[part])];
            return objects.MaxBy(candidate => Score(candidate.Key, candidate.Value, met)).Key;
        }

        private double Score(string thing, int count, Dictionary<string, int>[] met)
        {
            double share = (double)count / facts;
            return Math.Log(share) + Overlap * met.Sum(
                part => Math.Log((part.GetValueOrDefault(thing) + Smoothing * share) / (count + Smoothing)));
        }

        // Words, and runs of three and four letters with the borders of words.
        private static HashSet<string> Parts(string name)
        {
            HashSet<string> found = [];
            foreach (string word in name.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                found.Add(word);
                string bordered = $"^{word.ToLowerInvariant()}$";
                for (int at = 0; at + 3 <= bordered.Length; at++)
                {
                    found.Add(bordered.Substring(at, 3));
                    if (at + 4 <= bordered.Length) found.Add(bordered.Substring(at, 4));
                }
            }

            return found;
        }
    }
}
