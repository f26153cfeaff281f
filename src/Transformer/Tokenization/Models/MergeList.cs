using Sharpformer.Tensors;

namespace Sharpformer.Transformer.Tokenization.Models;

/// <summary>Collects the merges of a tokenizer in order of rank and checks each against the vocabulary.</summary>
/// <param name="vocabulary">Every token.</param>
/// <param name="capacity">About how many merges there will be.</param>
/// <param name="prefix">What tokens within a word begin with; a right half is joined without it.</param>
internal sealed class MergeList(IReadOnlySet<string> vocabulary, int capacity, string prefix = "")
{
    private readonly HashSet<string> seen = new(capacity);

    /// <summary>The merges so far, each two tokens with a blank between them.</summary>
    public List<string> All { get; } = new(capacity);

    /// <summary>Whether this is the comment that <c>merges.txt</c> begins with, not a merge.</summary>
    public static bool IsVersion(string text) => text.StartsWith("#version", StringComparison.Ordinal);

    /// <summary>The token that two halves make.</summary>
    public static string Joined(string left, string right, string prefix) =>
        left + (right.StartsWith(prefix, StringComparison.Ordinal) ? right[prefix.Length..] : right);

    /// <summary>Adds the next merge.</summary>
    /// <exception cref="InputException">It is not two tokens of the vocabulary that make a third, or it was there before.</exception>
    public void Add(string where, string[] halves)
    {
        string merge = string.Join(' ', halves);
        if (halves.Length != 2 || halves[0].Length == 0 || halves[1].Length == 0 || merge.AsSpan().Count(' ') != 1)
            throw new InputException(
                $"{where}: expected two tokens with one blank between them, got {Quoted.Text(merge)}.", VocabularyFiles.FolderHint);
        foreach (string token in (string[])[.. halves, Joined(halves[0], halves[1], prefix)])
        {
            if (!vocabulary.Contains(token))
                throw new InputException(
                    $"{where}: {Quoted.Text(merge)} needs token {Quoted.Text(token)}, which the vocabulary lacks.",
                    "take both from the same model.");
        }

        if (!seen.Add(merge))
            throw new InputException($"{where}: the merge {Quoted.Text(merge)} appears twice.", "download the file again.");
        All.Add(merge);
    }
}
