namespace Sharpformer.FactsCorpus.Material;

/// <summary>One thing that is so: <paramref name="Subject"/> stands in <paramref name="Relation"/> to <paramref name="Object"/>.</summary>
/// <param name="Relation">What kind of thing is said.</param>
/// <param name="Subject">Who or what it is said of.</param>
/// <param name="Object">What is said; one token of the model behind a blank.</param>
internal sealed record Fact(Relation Relation, string Subject, string Object);
