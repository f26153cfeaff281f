using Sharpformer.Editing.Store;
using Sharpformer.Tensors;

namespace Sharpformer.Editing.Exchange;

/// <summary>
/// What happens to a store that takes over the edits of others, in the order in which they are given; the rules are those of teaching. A
/// fact that is there already is kept once. What the store itself lets answer stays so, whatever became of it elsewhere; of the sources a
/// later one silences what an earlier one brought, and none lets a silent edit answer again. A prompt that is answered otherwise gets the
/// later answer, and the earlier edit is superseded. Within one source all stays as it was decided there. Undone and removed edits stay
/// behind.
/// </summary>
internal sealed class MergePlan
{
    private readonly ConflictPolicy policy;
    private readonly Dictionary<int[], List<Entry>> byPrompt = new(TokenSequences.Comparer);
    private readonly List<Entry> entries = [];
    private readonly Dictionary<(int Source, string Method, long Batch), long> batches = [];
    private readonly List<ReplayStep> steps = [];
    private readonly List<MergeConflict> conflicts = [], superseded = [], silent = [], silenced = [], answering = [];
    private long last;

    private MergePlan(ConflictPolicy policy) => this.policy = policy;

    /// <summary>What is to be done, in order.</summary>
    public IReadOnlyList<ReplayStep> Steps => steps;

    /// <summary>The edits that are added: how many.</summary>
    public int Added { get; private set; }

    /// <summary>Edits whose fact was there already.</summary>
    public int Same { get; private set; }

    /// <summary>Undone and removed edits, which stay behind.</summary>
    public int LeftBehind { get; private set; }

    /// <summary>Edits that a later one of the same prompt took over from.</summary>
    public IReadOnlyList<MergeConflict> Superseded => superseded;

    /// <summary>Edits that answer the same prompt otherwise, and stay.</summary>
    public IReadOnlyList<MergeConflict> Conflicts => conflicts;

    /// <summary>Edits that are silent and that a later source lets answer: they stay silent.</summary>
    public IReadOnlyList<MergeConflict> Silent => [.. silent.DistinctBy(pair => pair.Edit)];

    /// <summary>Edits that an earlier source brought and a later one has silenced.</summary>
    public IReadOnlyList<MergeConflict> Silenced => silenced;

    /// <summary>Edits that a source has silenced, and that answer nevertheless.</summary>
    public IReadOnlyList<MergeConflict> Answering { get; private set; } = [];

    /// <summary>Makes a plan.</summary>
    /// <param name="there">The store that takes over.</param>
    /// <param name="sources">The others, in order.</param>
    /// <param name="policy">What to do where prompts are answered otherwise; other wordings are not looked for.</param>
    /// <exception cref="InputException">There is a conflict and they shall be refused, or a batch of weights is not whole.</exception>
    public static MergePlan For(MergeSource there, IReadOnlyList<MergeSource> sources, ConflictPolicy policy)
    {
        var plan = new MergePlan(policy);
        foreach (Edit edit in there.Edits)
        {
            plan.Keep(new Entry(edit, there.Name, edit.Id) { IsOwn = true, Before = edit.Status, Status = edit.Status });
            plan.last = edit.Id;
        }

        for (int i = 0; i < sources.Count; i++) plan.Take(sources[i], i + 1);
        plan.Settle();
        return plan;
    }

    private void Take(MergeSource source, int number)
    {
        var taken = new Dictionary<long, Entry>();
        var decided = new List<(Entry Entry, Edit Edit)>();
        foreach (Edit edit in source.Edits)
        {
            if (edit.Status is EditStatus.Removed or EditStatus.Undone)
            {
                LeftBehind++;
                continue;
            }

            if (Known(edit) is { } known)
            {
                Meet(known, edit, source, decided);
                if (edit.Status == EditStatus.Active) known.Source = number;
                taken[edit.Id] = known;
                continue;
            }

            var added = new Entry(edit, source.Name, ++last) { Before = EditStatus.Active, Status = edit.Status, Source = number };
            taken[edit.Id] = added;
            steps.Add(new ReplayStep(added.Id, EditAction.Added, Batch: BatchOf(edit, number), Read: () => source.Read(edit)));
            Added++;
            if (edit.Status == EditStatus.Active) Claim(added);
            if (edit.Status == EditStatus.Superseded) decided.Add((added, edit));
            Keep(added);
        }

        ILookup<long, Edit> byId = source.Edits.ToLookup(edit => edit.Id);
        foreach ((Entry entry, Edit edit) in decided)
        {
            entry.By = edit.SupersededBy is { } by ? taken.GetValueOrDefault(by)?.Id : null;
            if (entry.Status == EditStatus.Active) Silence(entry, edit, source, byId);
        }
    }

    /// <summary>A fact that is there: it stays as it is, or its source decides when all of its edits are there.</summary>
    private void Meet(Entry known, Edit edit, MergeSource source, List<(Entry, Edit)> decided)
    {
        if (known.IsOfBatch || EditorCatalog.IsOfBatch(edit))
        {
            throw new InputException(
                $"Nothing was merged: edit {edit.Id} of '{source.Name}' and edit {known.Number} of '{known.From}' teach the same fact, and "
                    + $"method {edit.Method} makes weights for a whole batch, which cannot be taken over in part.",
                "leave one of the stores out.");
        }

        Same++;
        if (known.Status != EditStatus.Active)
        {
            if (edit.Status == EditStatus.Active)
                silent.Add(new MergeConflict(known.Id, known.Id, known.Request, edit.Request, source.Name));
        }
        else if (edit.Status != EditStatus.Active)
        {
            decided.Add((known, edit));
        }
    }

    /// <summary>
    /// A source has silenced an edit that answers so far. That is so from then on if an earlier source brought it; but not by an edit that
    /// answers no more itself.
    /// </summary>
    private void Silence(Entry entry, Edit edit, MergeSource source, ILookup<long, Edit> edits)
    {
        var pair = new MergeConflict(entry.Id, entry.By ?? entry.Id, entry.Request, edit.Request, source.Name);
        bool isSuperseded = edit.Status == EditStatus.Superseded;
        if (entry.IsOwn || (isSuperseded && (policy == ConflictPolicy.Keep || !IsSpokenFor(edit))))
        {
            answering.Add(pair);
            entry.By = null;
            return;
        }

        if (policy == ConflictPolicy.Refuse)
        {
            throw new InputException(
                $"Nothing was merged: edit {entry.Number} of '{entry.From}', {Quoted.Text(entry.Request.Prompt)} -> "
                    + $"{Quoted.Text(entry.Request.Target)}, answers there and is {edit.Status.ToString().ToLowerInvariant()} in "
                    + $"'{source.Name}' (edit {edit.Id}).",
                "supersede or keep such edits, or decide it in one of the stores first.");
        }

        silenced.Add(pair);
        entry.Status = edit.Status;

        bool IsSpokenFor(Edit? by)
        {
            for (int i = 0; i < edits.Count && by is { Status: EditStatus.Superseded, SupersededBy: { } next }; i++)
                by = edits[next].FirstOrDefault();
            return by?.Status.IsApplied() == true;
        }
    }

    /// <summary>What answers the prompt of a new edit, and came from elsewhere, is taken over from.</summary>
    private void Claim(Entry added)
    {
        foreach (Entry rival in byPrompt.GetValueOrDefault(added.Prompt) ?? [])
        {
            if (rival.Status != EditStatus.Active || rival.Source == added.Source) continue;
            if (policy == ConflictPolicy.Refuse)
            {
                throw new InputException(
                    $"Nothing was merged: after {Quoted.Text(added.Request.Prompt)} edit {rival.Number} of '{rival.From}' says "
                        + $"{Quoted.Text(rival.Request.Target)} and edit {added.Number} of '{added.From}' says "
                        + $"{Quoted.Text(added.Request.Target)}.",
                    "supersede or keep such edits, or withdraw one of them first.");
            }

            var conflict = new MergeConflict(rival.Id, added.Id, rival.Request, added.Request, added.From);
            if (policy == ConflictPolicy.Keep || rival.IsOfBatch)
            {
                conflicts.Add(conflict);
                continue;
            }

            superseded.Add(conflict);
            (rival.Status, rival.By) = (EditStatus.Superseded, added.Id);
        }
    }

    /// <summary>What became of the edits, when all of them are there.</summary>
    private void Settle()
    {
        HashSet<long> active = [.. entries.Where(entry => entry.Status == EditStatus.Active).Select(entry => entry.Id)];
        active.ExceptWith(conflicts.Select(pair => pair.Edit)); // these are told already
        Answering = [.. answering.Where(pair => active.Contains(pair.Edit)).DistinctBy(pair => pair.Edit)];
        foreach (Entry entry in entries)
        {
            if (entry.Status == entry.Before) continue;
            steps.Add(entry.Status == EditStatus.Withdrawn
                ? new ReplayStep(entry.Id, EditAction.Withdrawn)
                : new ReplayStep(entry.Id, EditAction.Superseded, entry.By));
        }
    }

    private Entry? Known(Edit edit)
    {
        List<Entry> ofPrompt = byPrompt.GetValueOrDefault(edit.PromptTokens) ?? [];
        Entry[] same = [.. ofPrompt.Where(entry => entry.Target.SequenceEqual(edit.TargetTokens))];
        return Array.Find(same, entry => entry.Status == EditStatus.Active)
            ?? Array.FindLast(same, entry => entry.Status != EditStatus.Removed) ?? same.LastOrDefault();
    }

    private void Keep(Entry entry)
    {
        entries.Add(entry);
        if (byPrompt.TryGetValue(entry.Prompt, out List<Entry>? of)) of.Add(entry);
        else byPrompt.Add(entry.Prompt, [entry]);
    }

    // Which edits were taught together matters only where they are one solution.
    private long BatchOf(Edit edit, int source)
    {
        (int, string, long) key = EditorCatalog.KnowsItsBatch(edit) ? (source, edit.Method, edit.Batch) : (0, "", 0);
        if (!batches.TryGetValue(key, out long number)) batches.Add(key, number = batches.Count + 1);
        return number;
    }

    /// <summary>An edit as the store will have it.</summary>
    /// <param name="edit">As it was in its source.</param>
    /// <param name="from">The source's name.</param>
    /// <param name="id">Its number in the store.</param>
    private sealed class Entry(Edit edit, string from, long id)
    {
        public long Id => id;

        public string From => from;

        public long Number => edit.Id; // in its source

        public EditRequest Request => edit.Request;

        public int[] Prompt => edit.PromptTokens;

        public int[] Target => edit.TargetTokens;

        public bool IsOfBatch => EditorCatalog.IsOfBatch(edit);

        /// <summary>Whether the store had it before.</summary>
        public bool IsOwn { get; init; }

        /// <summary>The last source that lets it answer; 0 is the store itself.</summary>
        public int Source { get; set; }

        /// <summary>What the store has it as before it is settled.</summary>
        public required EditStatus Before { get; init; }

        public required EditStatus Status { get; set; }

        public long? By { get; set; }
    }
}

/// <summary>Two edits that answer one prompt.</summary>
/// <param name="Edit">The earlier one, by its number in the store.</param>
/// <param name="By">The later one, by its number in the store.</param>
/// <param name="Request">What the earlier one was asked for.</param>
/// <param name="Later">What the later one was asked for.</param>
/// <param name="From">Where the later one came from.</param>
public sealed record MergeConflict(long Edit, long By, EditRequest Request, EditRequest Later, string From);
