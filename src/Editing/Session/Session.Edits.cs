using Sharpformer.Editing;
using Sharpformer.Tensors;

namespace Sharpformer;

/// <content>What a store's edits are told to do.</content>
public sealed partial class Session
{
    private ILookup<string, Edit>? then; // by prompt, where the store is read as it was

    /// <summary>The store's edits by id, without their parts.</summary>
    /// <param name="includeRemoved">Lists removed edits as well.</param>
    public IReadOnlyList<Edit> Edits(bool includeRemoved = false) => queue.Run(() => Store.List(withParts: false, includeRemoved, at));

    /// <summary>One edit with its parts.</summary>
    /// <exception cref="InputException">There is none of that id.</exception>
    public Edit Edit(long id) => queue.Run(() => Store.Get(id, at));

    /// <summary>The edit that teaches exactly this, without regard to its status unless it is removed; null if there is none.</summary>
    public Edit? Find(TokenizedRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return queue.Run(() => Find(request.Request.Prompt, request.Tokens.Target));
    }

    /// <summary>Silences an edit: its prompt gets the base model's answer again.</summary>
    /// <param name="id">The edit.</param>
    /// <param name="reason">Why; kept with the event.</param>
    /// <returns>The edit as it is now.</returns>
    /// <exception cref="InputException">There is no such edit, or it is not active.</exception>
    public Edit Withdraw(long id, string? reason = null) => Changed(id, () => Store.Withdraw(id, reason));

    /// <summary>Lets a withdrawn edit answer again, bit for bit as before.</summary>
    /// <inheritdoc cref="Withdraw"/>
    public Edit Restore(long id, string? reason = null) => Changed(id, () => Store.Restore(id, reason));

    /// <summary>Deletes an edit's parts for good; it stays listed as history.</summary>
    /// <inheritdoc cref="Withdraw"/>
    public Edit Remove(long id, string? reason = null) => Changed(id, () => Store.Remove(id, reason));

    /// <summary>What has happened to the store's edits, or to one of them.</summary>
    public IReadOnlyList<EditEvent> Events(long? id = null) => queue.Run(() => Store.Events(id));

    private Edit? Find(string prompt, int[] target)
    {
        if (at is null) return Store.Find(prompt, target);
        then ??= Store.List(withParts: false, includeRemoved: false, at)
            .Where(edit => edit.Status.IsApplied()).ToLookup(edit => edit.Request.Prompt);
        return then[prompt].FirstOrDefault(edit => edit.TargetTokens.SequenceEqual(target)) is { } found ? Store.Get(found.Id, at) : null;
    }

    private Edit Changed(long id, Action change) => queue.Run(() =>
    {
        change();
        edited = null; // folded anew when it is next asked for
        return Store.Get(id);
    });
}
