using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <content>Taking over what was done elsewhere.</content>
public sealed partial class EditStore
{
    /// <summary>Writes edits that were made elsewhere, and what became of them, as one change.</summary>
    /// <param name="steps">What happens, in order; new edits have the ids that follow the store's last.</param>
    /// <param name="known">The store's last event when the steps were planned.</param>
    /// <param name="reason">Why; kept with the events.</param>
    /// <exception cref="InputException">The store was changed since, or its edits rule one of these out.</exception>
    /// <exception cref="ArgumentException">An edit does not fit together or does not fit the store.</exception>
    internal IReadOnlyList<EditEvent> Replay(IReadOnlyList<ReplayStep> steps, long known, string? reason) => InChange(reason, change =>
    {
        if (change.History.LastSeq != known)
            throw new InputException($"Edit store '{Path}' was changed by another program meanwhile: nothing was written.", "try again.");
        long batches = connection.Scalar<long>("SELECT batch FROM edits ORDER BY id DESC LIMIT 1");
        var settings = new HashSet<EditSettings>();
        foreach (ReplayStep step in steps)
        {
            if (step.Read is null)
            {
                change.Append(step.Id, step.Action, step.SupersededBy is { } by ? new EditEventDetail(SupersededBy: by) : null);
                continue;
            }

            Edit edit = Storable(step.Read());
            if (settings.Add(edit.Settings)) NextBatch([edit]); // says whether it may be in this store
            change.Insert(edit with { Id = step.Id, Batch = batches + step.Batch, CreatedAt = change.At });
        }

        return change.Events;
    });
}

/// <summary>One thing that happens to a store's edit when others are taken over.</summary>
/// <param name="Id">The edit, by its number in this store.</param>
/// <param name="Action">What happens.</param>
/// <param name="SupersededBy">The edit that takes over, where there is one.</param>
/// <param name="Batch">Of an added edit: which batch of this change, from 1.</param>
/// <param name="Read">Of an added edit: reads it with its parts.</param>
internal readonly record struct ReplayStep(
    long Id, EditAction Action, long? SupersededBy = null, long Batch = 0, Func<Edit>? Read = null);
