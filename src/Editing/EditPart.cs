namespace Sharpformer.Editing;

/// <summary>A named tensor of an edit: what its method needs to apply it again.</summary>
/// <param name="Name">
/// Unique within the edit: ASCII letters, digits, <c>.</c>, <c>_</c> and <c>-</c>. It may carry a block, as in <c>17.u</c>.
/// </param>
/// <param name="Shape">The shape; <paramref name="Values"/> are row-major.</param>
/// <param name="Values">As many numbers as the shape says.</param>
public sealed record EditPart(string Name, IReadOnlyList<int> Shape, float[] Values)
{
    /// <summary>The part that tells how training went. No other may hold infinities or what is no number.</summary>
    public const string Losses = "losses";
}
