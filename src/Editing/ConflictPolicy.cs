namespace Sharpformer.Editing;

/// <summary>What to do where a fact that is taught meets an edit that says something else.</summary>
public enum ConflictPolicy
{
    /// <summary>
    /// An edit of the very same prompt is superseded, as the newest statement answers; one that answers it in other words is told.
    /// </summary>
    SupersedeSamePrompt,

    /// <summary>Both are superseded.</summary>
    Supersede,

    /// <summary>Both stay as they are, and are told.</summary>
    Keep,

    /// <summary>Nothing is taught while there is any.</summary>
    Refuse,
}
