namespace Sharpformer.Editing.Reports;

/// <summary>What a report must say about itself to be filed.</summary>
/// <param name="Model">The base model's folder.</param>
/// <param name="Fingerprint">Who the base model is.</param>
/// <param name="User">Who made it.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Version">With which version of the program.</param>
public sealed record ReportOrigin(string Model, ModelFingerprint Fingerprint, string User, DateTimeOffset At, string Version);
