namespace Sharpformer.Editing.Store;

/// <summary>What was found when everything in a store was looked at.</summary>
/// <param name="Path">The store.</param>
/// <param name="Findings">What is wrong; empty where all is as it was written.</param>
/// <param name="Sound">Edits of which row and parts are as they were stored.</param>
/// <param name="Uncertain">Those of them whose status is not known for certain: events that may tell of them are damaged or gone.</param>
/// <param name="Events">How many events are as they were written.</param>
public sealed record StoreReport(
    string Path, IReadOnlyList<StoreFinding> Findings, IReadOnlyList<long> Sound, IReadOnlyList<long> Uncertain, int Events)
{
    /// <summary>
    /// Whether the file carries checksums; one of schema version 1 or 2 does not, and most damage to numbers goes unseen.
    /// </summary>
    public bool HasChecksums { get; init; } = true;

    /// <summary>Whether nothing is wrong.</summary>
    public bool IsSound => Findings.Count == 0;

    /// <summary>Whether something of it can be saved.</summary>
    public bool CanBeSaved => Sound.Count > 0 && Findings.All(finding => finding.Where != StorePart.Identity);
}

/// <summary>One thing that is not as it was written.</summary>
/// <param name="Where">What it is about.</param>
/// <param name="Id">The number of the edit or event; null for anything else.</param>
/// <param name="What">In words.</param>
public sealed record StoreFinding(StorePart Where, long? Id, string What);

/// <summary>What a finding is about.</summary>
public enum StorePart
{
    /// <summary>The file as a whole.</summary>
    File,

    /// <summary>The log beside the file.</summary>
    Log,

    /// <summary>Which tables there are.</summary>
    Schema,

    /// <summary>Whose edits they are.</summary>
    Identity,

    /// <summary>An edit, with its parts.</summary>
    Edit,

    /// <summary>An event.</summary>
    Event,
}

/// <summary>What was saved from a store.</summary>
/// <param name="Output">The new store.</param>
/// <param name="Saved">Edits that are in it.</param>
/// <param name="LeftOut">Edits that are not: something of them is damaged.</param>
/// <param name="Withdrawn">Saved edits that may have answered, but are withdrawn because that is not known for certain.</param>
/// <param name="Events">How many events of the old store are in it.</param>
/// <param name="Found">What is wrong with the old store.</param>
public sealed record SalvageReport(
    string Output, IReadOnlyList<long> Saved, IReadOnlyList<long> LeftOut, IReadOnlyList<long> Withdrawn, int Events, StoreReport Found);
