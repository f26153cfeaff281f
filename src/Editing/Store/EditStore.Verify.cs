using Sharpformer.Tensors;

namespace Sharpformer.Editing.Store;

/// <content>Looking at everything, and saving what is sound.</content>
public sealed partial class EditStore
{
    /// <summary>Looks at everything in a store: file, log, tables, each edit with its parts, each event. It is not changed.</summary>
    /// <exception cref="InputException">There is no such file, it is none of an edit store, or it is locked.</exception>
    public static StoreReport Verify(string path)
    {
        RequireContent(path);
        try
        {
            using EditStore store = Open(path, readOnly: true);
            IReadOnlyList<Edit> edits = store.InSnapshot(now =>
            {
                if (store.connection.Scalar<string>("PRAGMA integrity_check(1)") != "ok") throw new InputException("The file is damaged.");
                if (store.connection.Scalar<long>("SELECT count(*) FROM parts WHERE edit_id NOT IN (SELECT id FROM edits)") > 0)
                    throw new InputException($"Edit store '{path}' has parts of no edit.", EditRow.Tampered);
                return store.Select(now, null, null, withParts: true, _ => true);
            });
            return new StoreReport(path, [], [.. edits.Select(edit => edit.Id)], [], store.history!.Events.Count)
            {
                HasChecksums = StoreFile.SchemaVersion(path) >= EditStoreSchema.Version,
            };
        }
        catch (InputException error) when (error.Kind == ErrorKind.Input && File.Exists(path))
        {
            StoreReport report = StoreSurvey.Of(path).Report();
            if (!report.CanBeSaved && !StoreFile.HasMark(path)) throw; // it never was one, or nobody can tell
            if (!report.IsSound) return report;
            return report with { Findings = [new StoreFinding(StorePart.File, null, error.Message.Split(" Hint: ")[0])] };
        }
    }

    /// <summary>
    /// Saves what is sound of a store: its edits with their numbers, their parts bit for bit, and their events. An edit whose status is
    /// not known for certain is saved as withdrawn. The store is not changed.
    /// </summary>
    /// <param name="path">The store.</param>
    /// <param name="output">The new store; it must not exist.</param>
    /// <param name="time">Clock for the events of saving; null is the system's.</param>
    /// <param name="author">Who saves; null is <see cref="EditAuthor.Current"/>.</param>
    /// <exception cref="InputException">Nothing of it can be saved, or the output cannot be written.</exception>
    public static SalvageReport Salvage(string path, string output, TimeProvider? time = null, EditAuthor? author = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(output);
        if (!File.Exists(path)) throw new InputException($"Edit store '{path}' does not exist.", "check the path.");
        RequireContent(path);
        string file = StoreFile.Real(output);
        if (Directory.Exists(output) || File.Exists(file))
            throw new InputException($"'{output}' exists already.", "name a file that does not exist yet.");
        RequireFolder(file, output);
        StoreSurvey survey = StoreSurvey.Of(path);
        if (survey.Identity is null || survey.Edits.Count == 0)
        {
            throw new InputException(
                $"Nothing can be saved from '{path}': "
                    + $"{(survey.Edits.Count == 0 ? "no edit in it is sound" : "whose edits they are cannot be read")}.",
                "'edits verify' tells what is wrong with it.");
        }

        return StoreSalvage.Write(survey, file, output, time ?? TimeProvider.System, author ?? EditAuthor.Current);
    }

    private static void RequireContent(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: 0 })
        {
            throw new InputException(
                $"'{path}' is an empty file: there is no edit in it.", "if there were any, fetch a copy of the whole file from a backup.");
        }
    }
}
