using Sharpformer.Editing.Store;

namespace Sharpformer.Editing.Exchange;

/// <summary>Where edits come from that a store takes over.</summary>
/// <param name="Name">The file, for messages.</param>
/// <param name="Identity">What the edits belong to; null where there are none.</param>
/// <param name="Edits">The edits without their parts, by id.</param>
/// <param name="Events">What has happened to them.</param>
/// <param name="Read">Reads one with its parts; they are asked for in order.</param>
internal sealed record MergeSource(
    string Name, StoreIdentity? Identity, IReadOnlyList<Edit> Edits, IReadOnlyList<EditEvent> Events, Func<Edit, Edit> Read)
{
    /// <summary>A store, which stays open as long as the source is used.</summary>
    public static MergeSource Of(EditStore store) => new(
        store.Path, store.Identity, store.List(withParts: false, includeRemoved: true), store.Events(), edit => store.Get(edit.Id));
}
