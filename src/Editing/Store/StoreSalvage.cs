using Microsoft.Data.Sqlite;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <summary>Writes what a <see cref="StoreSurvey"/> found sound to a new store.</summary>
internal static class StoreSalvage
{
    /// <summary>Writes it under another name first, so that there is all of it or nothing.</summary>
    /// <param name="survey">What is sound.</param>
    /// <param name="file">The new file itself.</param>
    /// <param name="output">The new store, for messages.</param>
    /// <param name="time">Clock of the events that are added.</param>
    /// <param name="author">Whose events these are.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static SalvageReport Write(StoreSurvey survey, string file, string output, TimeProvider time, EditAuthor author)
    {
        string draft = EditStore.Draft(file);
        try
        {
            SalvageReport report;
            using (StoreDatabase connection = StoreConnection.OpenForWriting(draft, output, create: true))
            {
                using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
                EditHistory history = IdentityRow.Write(connection, survey.Identity!);
                using (var rows = new EditWriter(connection, history)) report = Write(survey, rows, output, time.GetUtcNow(), author);
                transaction.Commit();
            }

            return StoreFile.TryRename(draft, file) ? report
                : throw new InputException($"'{output}' exists by now.", "name a file that does not exist yet.");
        }
        catch (SqliteException error)
        {
            throw StoreErrors.Explain(error, output, null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw EditStore.NotMade(output, error);
        }
        finally
        {
            foreach (string left in (string[])[draft, draft + "-wal", draft + "-shm", draft + "-journal"]) File.Delete(left);
        }
    }

    private static SalvageReport Write(StoreSurvey survey, EditWriter rows, string output, DateTimeOffset now, EditAuthor author)
    {
        foreach ((EditRow row, IReadOnlyList<EditPart> parts) in survey.Edits.Values) rows.Insert(row, parts);
        List<EditEvent> events = survey.Events.FindAll(line => survey.Edits.ContainsKey(line.EditId));
        Dictionary<long, long> changes = []; // new numbers by old ones
        foreach (EditEvent line in events)
        {
            if (rows.History.Of(line.EditId) is null && line.Action != EditAction.Added) Born(line.EditId, line.At);
            if (!changes.TryGetValue(line.Change, out long change) || change != rows.History.LastChange)
                changes[line.Change] = change = rows.History.LastChange + 1;
            rows.Append(line with { Change = change, Detail = Renumbered(line.Detail) });
        }

        foreach (long id in survey.Edits.Keys.Where(id => rows.History.Of(id) is null)) Born(id, now);
        long[] doubtful = [.. survey.Edits.Keys.Where(id => !survey.IsCertain(id) && rows.History.Of(id)!.Status == EditStatus.Active)];
        long last = rows.History.LastChange + 1;
        const string Why = "saved from a damaged store: its status is not known";
        foreach (long id in doubtful) rows.Append(new EditEvent(0, last, id, now, author.User, EditAction.Withdrawn, Why, author.Version));

        rows.End();
        return new SalvageReport(output, [.. survey.Edits.Keys], [.. survey.Damaged.Order()], doubtful, events.Count, survey.Report());

        void Born(long id, DateTimeOffset at) => rows.Append(new EditEvent(
            0, rows.History.LastChange + 1, id, at, author.User, EditAction.Added,
            "saved from a damaged store: the event of its addition is lost", author.Version));

        EditEventDetail? Renumbered(EditEventDetail? detail)
        {
            if (detail?.Undoes is not { } undone) return detail;
            long? known = changes.TryGetValue(undone, out long change) ? change : null;
            return known is null && detail.SupersededBy is null ? null : detail with { Undoes = known };
        }
    }
}
