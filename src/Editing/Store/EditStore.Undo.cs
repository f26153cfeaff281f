using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <content>Taking back a change by another one: nothing is deleted.</content>
public sealed partial class EditStore
{
    /// <summary>
    /// Brings the edits that a change touched back to what they were before it: added ones become undone. To undo an undo is to do
    /// again what it took back.
    /// </summary>
    /// <param name="change">Its number; null for the last one that is neither an undo nor undone.</param>
    /// <param name="reason">Why; kept with the events.</param>
    /// <returns>What happened, in order.</returns>
    /// <exception cref="InputException">
    /// There is no such change or nothing left to undo; it is undone; later changes touched the same edits or another edit answers their
    /// prompt since; or it deleted parts.
    /// </exception>
    public IReadOnlyList<EditEvent> Undo(long? change = null, string? reason = null) => InChange(reason, undo =>
    {
        List<EditChange> log = undo.History.Changes();
        EditChange target = Undoable(log, change);
        EditHistory before = undo.History.Before(target.Number);
        ILookup<string, long> prompts = Prompts();
        foreach (long id in target.Edits.Reverse())
        {
            EditState now = undo.History.Of(id)!;
            EditState? old = before.Of(id);
            if (old is { Status: EditStatus.Active } && now.Status != EditStatus.Active)
                RefuseIfClaimed(ActiveRivals(undo.History, id, prompts), before, target, id);
            EditAction action = old?.Status switch
            {
                EditStatus.Active => EditAction.Restored,
                EditStatus.Withdrawn => EditAction.Withdrawn,
                EditStatus.Superseded => EditAction.Superseded,
                _ => EditAction.Undone,
            };
            undo.Append(id, action, new EditEventDetail(old?.SupersededBy, target.Number));
        }

        return undo.Events;
    });

    private EditChange Undoable(List<EditChange> log, long? number)
    {
        if (log.Count == 0) throw new InputException($"Edit store '{Path}' has nothing to undo: it is empty.");
        if (number < 1 || number > log.Count)
            throw new InputException($"Edit store '{Path}' has no change {number}: its changes are 1 to {log.Count}.");
        EditChange target = number is { } one
            ? log[(int)one - 1]
            : log.LastOrDefault(change => change.Undoes is null && change.UndoneBy is null)
                ?? throw new InputException(
                    $"Edit store '{Path}' has nothing to undo: all of its changes are undone.", "name an undo's number to undo that one.");
        if (target.UndoneBy is { } by)
        {
            throw new InputException(
                $"Change {target.Number} is undone already, by change {by}.", $"undo change {by} to have it done again.");
        }

        long[] removed = [.. target.Events.Where(line => line.Action == EditAction.Removed).Select(line => line.EditId)];
        if (removed.Length > 0)
        {
            throw new InputException(
                $"Change {target.Number} cannot be undone: the parts of {Ids(removed)} were deleted for good.",
                target.Number > 1 ? "teach the fact again; to undo an earlier change, name its number." : "teach the fact again.");
        }

        // An undo and what it undid cancel out if both came later.
        foreach (EditChange later in log.Skip((int)target.Number))
        {
            if (later.UndoneBy is not null || later.Undoes > target.Number) continue;
            long[] both = [.. later.Edits.Intersect(target.Edits)];
            if (both.Length == 0) continue;
            throw new InputException(
                $"Change {target.Number} cannot be undone: change {later.Number} touched {Ids(both)} since.",
                $"undo change {later.Number} first.");
        }

        return target;
    }

    // Two edits of one prompt would answer: which of them is a question that no undo can decide.
    private static void RefuseIfClaimed(long[] rivals, EditHistory before, EditChange target, long id)
    {
        long rival = rivals.FirstOrDefault(other => !target.Edits.Contains(other) && before.Of(other)?.Status != EditStatus.Active);
        if (rival == 0) return;
        throw new InputException(
            $"Change {target.Number} cannot be undone: edit {id} would answer again, and edit {rival} answers the same prompt since.",
            $"withdraw edit {rival} first, or restore edit {id} to have it answer instead.");
    }
}
