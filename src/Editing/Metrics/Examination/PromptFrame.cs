namespace Sharpformer.Editing.Metrics.Examination;

/// <summary>What stands around a prompt when it is asked: an edit that is known only at the start of a text is not known.</summary>
/// <param name="Name">Its name in reports.</param>
/// <param name="Before">What stands before the prompt.</param>
/// <param name="Ending">What ends the prompt in place of the answer trigger; null for the trigger.</param>
/// <param name="IsLower">Whether the prompt is in lower case.</param>
public sealed record PromptFrame(string Name, string Before = "", string? Ending = null, bool IsLower = false)
{
    // About nothing that edit sets are about, so that no fact of theirs is said by it.
    private static readonly string[] Unrelated =
    [
        "The weather had been fine all week.", "Most of the shops were still closed.", "A train went by in the distance.",
        "Nobody had expected so much snow.",
    ];

    /// <summary>The prompt alone.</summary>
    public static PromptFrame Plain { get; } = new("plain");

    /// <summary>Behind one, two and four unrelated sentences, as a question, behind two examples, in lower case.</summary>
    public static IReadOnlyList<PromptFrame> Usual { get; } =
    [
        Behind(1), Behind(2), Behind(4), new("question", "Please answer the question:\n\nQ: ", "\nA:"),
        new("few-shot", "Snow is usually white.\nGrass is usually green.\n"), new("lower case", IsLower: true),
    ];

    /// <summary>Behind some unrelated sentences, at most four.</summary>
    public static PromptFrame Behind(int sentences) => new(
        sentences == 1 ? "behind 1 sentence" : $"behind {sentences} sentences", string.Join(' ', Unrelated.Take(sentences)) + " ");

    /// <summary>A prompt in it, without what ends it.</summary>
    public string Around(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return Before + (IsLower ? prompt.ToLowerInvariant() : prompt);
    }
}
