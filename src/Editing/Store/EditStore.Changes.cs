using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <content>What changes a store: each method is one change and one transaction, all of it or nothing.</content>
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
        Edit storable = Storable(edit);
        return InChange(reason, change => Insert(change, storable, NextBatch([storable])));
    }

    /// <summary>
    /// Stores edits that were taught together, all or none, leaving out those whose fact is there already as an active or withdrawn
    /// edit, perhaps stored by another process an instant ago.
    /// </summary>
    /// <param name="edits">The edits.</param>
    /// <param name="reason">Why; kept with the events.</param>
    /// <param name="supersedes">
    /// Per edit the ids of those that it takes over from, unless it is left out; what is not active or withdrawn stays as it is. Null
    /// for none.
    /// </param>
    /// <param name="decide">
    /// Asked within the transaction where active edits of an edit's very prompt are there that <paramref name="supersedes"/> does not name,
    /// another process's perhaps: given the edit's index and those, it says which of them it takes over from as well, or throws, and then
    /// nothing is stored. Null takes over from none.
    /// </param>
    /// <param name="continues">
    /// A change of this instance, see <see cref="OwnChange"/>, that these edits belong to as well, as portions of one run do: one undo
    /// takes all of them back. Where others have changed the store since, it is a change of its own. Null for one of its own.
    /// </param>
    /// <returns>Per edit what is in the store now: this one, or the one that was there.</returns>
    /// <inheritdoc cref="Add"/>
    public IReadOnlyList<TaughtEdit> AddOnce(
        IReadOnlyList<Edit> edits, string? reason = null, IReadOnlyList<IReadOnlyList<long>>? supersedes = null,
        Func<int, IReadOnlyList<Edit>, IReadOnlyList<long>>? decide = null, long? continues = null)
    {
        ArgumentNullException.ThrowIfNull(edits);
        if (supersedes is not null && supersedes.Count != edits.Count)
            throw new ArgumentException($"EditStore.AddOnce: {edits.Count} edits, but {supersedes.Count} lists of those they supersede.");
        Edit[] storable = [.. edits.Select(Storable)];
        return InChange(reason, change =>
        {
            var stored = new TaughtEdit[storable.Length];
            long batch = NextBatch(storable);
            for (int i = 0; i < stored.Length; i++)
            {
                if (IdOf(change.History, storable[i].Request.Prompt, storable[i].TargetTokens) is { } there)
                {
                    stored[i] = new TaughtEdit(One(change.History, there), IsNew: false);
                    continue;
                }

                IReadOnlyList<long> named = supersedes?[i] ?? [];
                Edit[] others = decide is null ? [] : ActiveOf(change.History, storable[i].Request.Prompt, named);
                IReadOnlyList<long> more = others.Length > 0 ? decide!(i, others) : [];
                stored[i] = new TaughtEdit(Insert(change, storable[i], batch), IsNew: true);
                foreach (long old in named.Concat(more)) Supersede(change, old, stored[i].Edit.Id);
            }

            return stored;
        }, continues);
    }

    /// <summary>The number of the last change that this instance made; null where it made none.</summary>
    public long? OwnChange { get; private set; }

    /// <summary>Keeps active edits silent; their parts stay.</summary>
    /// <param name="ids">The edits; all are withdrawn or none.</param>
    /// <param name="reason">Why; kept with the events.</param>
    /// <returns>What happened, in order.</returns>
    /// <exception cref="InputException">There is no such edit, or it is not active.</exception>
    public IReadOnlyList<EditEvent> Withdraw(IReadOnlyList<long> ids, string? reason = null) =>
        Change(ids, reason, "withdrawn", status => status == EditStatus.Active, (change, id) => change.Append(id, EditAction.Withdrawn));

    /// <summary>
    /// Lets withdrawn or superseded edits answer again, bit for bit as before. Each supersedes the active edits of the very same prompt,
    /// and the one that took over from it: the newest statement answers, also among <paramref name="ids"/>, of which the last one is the
    /// newest.
    /// </summary>
    /// <exception cref="InputException">There is no such edit, or it is neither withdrawn nor superseded.</exception>
    /// <inheritdoc cref="Withdraw(IReadOnlyList{long}, string?)"/>
    public IReadOnlyList<EditEvent> Restore(IReadOnlyList<long> ids, string? reason = null)
    {
        ILookup<string, long>? prompts = null;
        return Change(
            ids, reason, "restored", status => status is EditStatus.Withdrawn or EditStatus.Superseded,
            (change, id) =>
            {
                prompts ??= Prompts();
                long? by = change.History.Of(id)?.SupersededBy;
                change.Append(id, EditAction.Restored);
                foreach (long rival in ActiveRivals(change.History, id, prompts)) Supersede(change, rival, id);
                if (by is { } took && change.History.Of(took)?.Status == EditStatus.Active) Supersede(change, took, id);
            });
    }

    /// <summary>Deletes edits' parts for good; the edits stay listed as history.</summary>
    /// <exception cref="InputException">There is no such edit, or it is removed already.</exception>
    /// <inheritdoc cref="Withdraw(IReadOnlyList{long}, string?)"/>
    public IReadOnlyList<EditEvent> Remove(IReadOnlyList<long> ids, string? reason = null) => Change(
        ids, reason, "removed", status => status != EditStatus.Removed,
        (change, id) =>
        {
            connection.Execute("DELETE FROM parts WHERE edit_id = $id", ("$id", id));
            change.Append(id, EditAction.Removed);
        });

    /// <inheritdoc cref="Withdraw(IReadOnlyList{long}, string?)"/>
    public IReadOnlyList<EditEvent> Withdraw(long id, string? reason = null) => Withdraw([id], reason);

    /// <inheritdoc cref="Restore(IReadOnlyList{long}, string?)"/>
    public IReadOnlyList<EditEvent> Restore(long id, string? reason = null) => Restore([id], reason);

    /// <inheritdoc cref="Remove(IReadOnlyList{long}, string?)"/>
    public IReadOnlyList<EditEvent> Remove(long id, string? reason = null) => Remove([id], reason);

    private Edit Storable(Edit edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        StoreIdentity identity = Identity ?? throw new InvalidOperationException("EditStore.Add: Bind the store to a model first.");
        StoreChecks.Storable(edit, identity);
        return edit with
        {
            Parts = [.. edit.Parts.OrderBy(part => part.Name, StringComparer.Ordinal)], // as they are read
            Status = EditStatus.Active,
            SupersededBy = null,
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

    private Edit Insert(StoreChange change, Edit edit, long batch)
    {
        edit = edit with { Id = connection.Scalar<long>("SELECT max(id) FROM edits") + 1, Batch = batch, CreatedAt = change.At };
        change.Insert(edit);
        return edit;
    }

    private T InChange<T>(string? reason, Func<StoreChange, T> action, long? continues = null)
    {
        StoreChecks.Storable(reason ?? "", "reason");
        long? number = null;
        T result = InTransaction(rows =>
        {
            bool goesOn = continues is { } change && change == OwnChange && change == rows.History.LastChange;
            var done = new StoreChange(rows, author, time.GetUtcNow(), reason, goesOn);
            T result = action(done);
            number = done.Events.Count > 0 ? done.Number : null;
            return result;
        });
        OwnChange = number ?? OwnChange;
        return result;
    }

    private IReadOnlyList<EditEvent> Change(
        IReadOnlyList<long> ids, string? reason, string done, Func<EditStatus, bool> allowed, Action<StoreChange, long> act)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return InChange(reason, change =>
        {
            foreach (long id in ids.Distinct())
            {
                EditState state = change.History.Of(id) ?? throw Missing(id);
                if (!allowed(state.Status)) throw StoreChecks.WrongStatus(id, state, done);
                act(change, id);
            }

            return change.Events;
        });
    }

    private void Supersede(StoreChange change, long old, long by)
    {
        EditState state = change.History.Of(old) ?? throw Missing(old);
        if (state.Status.IsApplied())
            change.Append(old, EditAction.Superseded, new EditEventDetail(SupersededBy: by));
    }

    /// <summary>The active edits of a prompt but for some, without their parts.</summary>
    private Edit[] ActiveOf(EditHistory now, string prompt, IReadOnlyList<long> but) =>
        [.. Select(now, null, "prompt = $prompt", withParts: false, status => status == EditStatus.Active, ("$prompt", prompt))
            .Where(edit => !but.Contains(edit.Id))];

    /// <summary>All edits by their prompts' tokens.</summary>
    private ILookup<string, long> Prompts()
    {
        List<(string Tokens, long Id)> prompts = [];
        using SqliteCommand command = connection.Command("SELECT prompt_tokens, id FROM edits ORDER BY id");
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read()) prompts.Add((EditRow.Text(reader, 0) ?? "", reader.GetInt64(1)));
        return prompts.ToLookup(prompt => prompt.Tokens, prompt => prompt.Id);
    }

    /// <summary>The other active edits of an edit's prompt.</summary>
    private long[] ActiveRivals(EditHistory now, long id, ILookup<string, long> prompts)
    {
        string tokens = connection.Scalar<string>("SELECT prompt_tokens FROM edits WHERE id = $id", ("$id", id)) ?? "";
        return [.. prompts[tokens].Where(other => other != id && now.Of(other)?.Status == EditStatus.Active)];
    }
}
