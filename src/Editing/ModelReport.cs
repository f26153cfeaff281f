using Sharpformer.Editing.Metrics;

namespace Sharpformer.Editing;

/// <summary>Something that holds of every usable model, and whether it holds of this one.</summary>
/// <param name="Name">What is checked.</param>
/// <param name="Passed">Whether it holds.</param>
/// <param name="Found">What was found, in words.</param>
public sealed record ModelCheck(string Name, bool Passed, string Found);

/// <summary>Whether a model folder is whole and makes sense; see <see cref="Session.VerifyModel"/>.</summary>
/// <param name="Checks">Check by check.</param>
/// <param name="Text">How well a text is predicted; null where its loss is no number.</param>
/// <param name="Notice">What is no fault but worth knowing; null for nothing.</param>
public sealed record ModelReport(IReadOnlyList<ModelCheck> Checks, TextLoss? Text, string? Notice)
{
    /// <summary>Whether all holds.</summary>
    public bool Passed => Checks.All(check => check.Passed);
}
