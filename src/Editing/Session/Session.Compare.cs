using Sharpformer.Editing;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Reports;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer;

/// <content>Comparing models that were made of the same base.</content>
public sealed partial class Session
{
    /// <summary>The base model, to be compared with others.</summary>
    public DiffSide BaseSide => new("the base model", Unedited, null, []);

    /// <summary>The model with all edits of the session's store.</summary>
    public DiffSide EditedSide => queue.Run(() =>
    {
        // Read once for both where the model is not made yet: thousands of edits take their time.
        IReadOnlyList<Edit> edits = Store.List(withParts: edited is null, includeRemoved: false, at);
        edited ??= EditorCatalog.Apply(Unedited, edits);
        return new DiffSide(Store.Path, edited, Store.Path, [.. edits.Select(Told)]);
    });

    /// <summary>
    /// The same as if some edits had never been taught: their keys do not even compete, unlike those of withdrawn ones, and what they
    /// superseded answers.
    /// </summary>
    /// <param name="ids">The edits.</param>
    /// <exception cref="InputException">The store has none of that id, or it is removed.</exception>
    public DiffSide SideWithout(IReadOnlyList<long> ids) => queue.Run(() =>
    {
        ArgumentNullException.ThrowIfNull(ids);
        foreach (long id in ids)
        {
            if (Store.Get(id, at).Status == EditStatus.Removed)
                throw new InputException($"Edit {id} of '{Store.Path}' is removed: nothing can be left out.", "see 'edits list'.");
        }

        Edit[] rest = [.. Store.List(withParts: true, includeRemoved: false, at).Where(edit => !ids.Contains(edit.Id)).Select(edit =>
            edit is { Status: EditStatus.Superseded, SupersededBy: { } by } && ids.Contains(by)
                ? edit with { Status = EditStatus.Active, SupersededBy = null }
                : edit)];
        string name = $"{Store.Path} without {string.Join(", ", ids)}";
        return new DiffSide(name, EditorCatalog.Apply(Unedited, rest), Store.Path, [.. rest.Select(Told)]);
    });

    /// <summary>The model with the edits of another store.</summary>
    /// <param name="path">The store; it is read.</param>
    /// <exception cref="InputException">There is none, it is damaged, or its edits are another model's.</exception>
    public DiffSide SideOf(string path) => queue.Run(() =>
    {
        using EditStore other = EditStore.Open(path, readOnly: true);
        Bind(other);
        IReadOnlyList<Edit> edits = other.List(withParts: true, includeRemoved: false);
        return new DiffSide(
            other.Path, EditorCatalog.Apply(Unedited, edits), other.Path, [.. edits.Select(Told)]);
    });

    /// <summary>What two models say after prompts.</summary>
    /// <param name="before">The first model.</param>
    /// <param name="after">The second.</param>
    /// <param name="prompts">At least one.</param>
    /// <param name="top">How many of the most likely tokens to tell.</param>
    /// <param name="progress">Told how many prompts are done.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    /// <exception cref="InputException">A prompt is empty or too long.</exception>
    public DiffReport Compare(
        DiffSide before, DiffSide after, IReadOnlyList<string> prompts, int top = 5, IProgress<Step>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0) throw new InputException("There is no prompt to compare the models on.");
        return Compare(before, after, [.. prompts.Select(Input)], "prompts", top, progress, cancellation);

        DiffInput Input(string prompt, int i)
        {
            try
            {
                return DiffInput.Prompt(prompt, PromptTokens(prompt));
            }
            catch (InputException e) when (prompts.Count > 1)
            {
                throw new InputException($"Prompt {i} (counted from 0) cannot be asked: {e.Message}", "mend it or leave it out.", e);
            }
        }
    }

    /// <summary>What two models say after every token of a text but the last.</summary>
    /// <param name="before">The first model.</param>
    /// <param name="after">The second.</param>
    /// <param name="text">At least two tokens.</param>
    /// <param name="window">Tokens read at once, at most the model's positions.</param>
    /// <param name="stride">Tokens to move on by.</param>
    /// <param name="top">How many of the most likely tokens to tell.</param>
    /// <param name="progress">Told how many tokens are done.</param>
    /// <param name="cancellation">Stops between chunks.</param>
    public DiffReport CompareOn(
        DiffSide before, DiffSide after, int[] text, int window, int stride, int top = 5, IProgress<Step>? progress = null,
        CancellationToken cancellation = default) =>
        Compare(before, after, DiffInput.Windows(text, window, stride), "tokens", top, progress, cancellation);

    /// <summary>Who made a report, when, of which model and with which program.</summary>
    public ReportOrigin Origin()
    {
        EditAuthor author = options.Author ?? EditAuthor.Current;
        return new ReportOrigin(folder, Fingerprint, author.User, (options.Time ?? TimeProvider.System).GetUtcNow(), author.Version);
    }

    private static Edit Told(Edit edit) => edit.Parts.Count == 0 ? edit : edit with { Parts = [] };

    private DiffReport Compare(
        DiffSide before, DiffSide after, IReadOnlyList<DiffInput> inputs, string units, int top, IProgress<Step>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        return queue.Run(() => new ModelDiff(before.Model, after.Model, Tokenizer)
            .Compare(inputs, top, Counted(progress, "Comparing", units), cancellation));
    }
}
