using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <content>What changes a store: each method is one transaction and leaves an event.</content>
public sealed partial class EditStore
{
    /// <summary>Stores an edit with all its parts, as active and born now; its own id, batch, status and times are ignored.</summary>
    /// <returns><paramref name="edit"/> with its id, batch and time of birth.</returns>
    /// <exception cref="ArgumentException">Lengths, tokens or parts do not fit together or do not fit the store.</exception>
    /// <exception cref="InputException">
    /// A number is not finite, the store's edits rule this one out, or the file could not take it; then nothing is stored.
    /// </exception>
    /// <exception cref="InvalidOperationException"><see cref="Bind"/> was not called.</exception>
    public Edit Add(Edit edit, string? reason = null)
    {
        Edit stored = Storable(edit, reason);
        InTransaction(rows => stored = Insert(rows, stored, NextBatch([stored]), reason));
        return stored;
    }

    /// <summary>
    /// Stores edits that were taught together, all or none, leaving out those whose fact is there already, perhaps stored by
    /// another process an instant ago.
    /// </summary>
    /// <returns>Per edit what is in the store now: this one, or the one that was there.</returns>
    /// <inheritdoc cref="Add"/>
    public IReadOnlyList<TaughtEdit> AddOnce(IReadOnlyList<Edit> edits, string? reason = null)
    {
        ArgumentNullException.ThrowIfNull(edits);
        Edit[] storable = [.. edits.Select(edit => Storable(edit, reason))];
        var stored = new TaughtEdit[storable.Length];
        InTransaction(rows =>
        {
            long batch = NextBatch(storable);
            for (int i = 0; i < stored.Length; i++)
            {
                stored[i] = rows.IdOf(storable[i]) is { } there
                    ? new TaughtEdit(storable[i] with { Id = there }, IsNew: false)
                    : new TaughtEdit(Insert(rows, storable[i], batch, reason), IsNew: true);
            }
        });
        return [.. stored.Select(taught => taught.IsNew ? taught : taught with { Edit = Get(taught.Edit.Id) })];
    }

    /// <summary>Keeps an active edit silent; its parts stay.</summary>
    /// <exception cref="InputException">There is no such edit, or it is not active.</exception>
    public void Withdraw(long id, string? reason = null) =>
        Change(id, EditAction.Withdrawn, "withdrawn", status => status == EditStatus.Active, reason);

    /// <summary>Lets a withdrawn edit answer again, bit for bit as before.</summary>
    /// <exception cref="InputException">There is no such edit, or it is not withdrawn.</exception>
    public void Restore(long id, string? reason = null) =>
        Change(id, EditAction.Restored, "restored", status => status == EditStatus.Withdrawn, reason);

    /// <summary>Deletes an edit's parts for good; the edit stays listed as history.</summary>
    /// <exception cref="InputException">There is no such edit, or it is removed already.</exception>
    public void Remove(long id, string? reason = null) =>
        Change(id, EditAction.Removed, "removed", status => status != EditStatus.Removed, reason);

    private Edit Storable(Edit edit, string? reason)
    {
        ArgumentNullException.ThrowIfNull(edit);
        StoreIdentity identity = Identity ?? throw new InvalidOperationException("EditStore.Add: Bind the store to a model first.");
        StoreChecks.Storable(edit, identity);
        StoreChecks.Storable(reason ?? "", "reason");
        return edit with
        {
            Id = 0,
            Parts = [.. edit.Parts.OrderBy(part => part.Name, StringComparer.Ordinal)], // as they are read
            Status = EditStatus.Active,
            CreatedAt = time.GetUtcNow(),
            WithdrawnAt = null,
            RemovedAt = null,
        };
    }

    /// <summary>The number of a batch of <paramref name="edits"/>, after a look whether they may be in one store.</summary>
    private long NextBatch(IReadOnlyList<Edit> edits)
    {
        foreach (IGrouping<string, EditSettings> made in edits.Select(edit => edit.Settings).Distinct().GroupBy(s => s.Method))
        {
            EditSettings first = FirstSettings(made.Key) ?? made.First();
            foreach (EditSettings settings in made) settings.RequireBeside(first, Path);
        }

        return connection.Scalar<long>("SELECT batch FROM edits ORDER BY id DESC LIMIT 1") + 1; // edits are never deleted
    }

    private Edit Insert(EditWriter rows, Edit edit, long batch, string? reason)
    {
        edit = edit with { Batch = batch };
        edit = edit with { Id = rows.Insert(edit) };
        rows.Append(Event(edit.Id, EditAction.Added, edit.CreatedAt, reason));
        return edit;
    }

    private EditEvent Event(long id, EditAction action, DateTimeOffset at, string? reason) =>
        new(0, id, at, author.User, action, reason, author.Version);

    private void Change(long id, EditAction action, string done, Func<EditStatus, bool> allowed, string? reason)
    {
        StoreChecks.Storable(reason ?? "", "reason");
        InTransaction(rows =>
        {
            Edit edit = SelectEdits("id = $id", ("$id", id)).FirstOrDefault() ?? throw Missing(id);
            if (!allowed(edit.Status)) throw StoreChecks.WrongStatus(edit, done);
            if (action == EditAction.Removed) connection.Execute("DELETE FROM parts WHERE edit_id = $id", ("$id", id));
            rows.Append(Event(id, action, time.GetUtcNow(), reason));
        });
    }
}
