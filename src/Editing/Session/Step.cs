namespace Sharpformer;

/// <summary>How far long work has come.</summary>
/// <param name="What">What is being done, for example "Teaching".</param>
/// <param name="Units">What is counted, in the plural.</param>
/// <param name="Done">How many are done.</param>
/// <param name="Total">Of how many.</param>
/// <param name="Detail">How it goes, in a few words; null for nothing to say.</param>
public readonly record struct Step(string What, string Units, long Done, long Total, string? Detail = null);
