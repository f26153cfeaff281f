using System.Diagnostics;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Methods.ScopedIReVa;
using Sharpformer.Editing.Metrics;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer;

/// <content>Teaching.</content>
public sealed partial class Session
{
    /// <summary>
    /// The settings of a method for this model, beside what the store has already: the method's own, but for those that
    /// <see cref="Defaults"/> names.
    /// </summary>
    /// <param name="method">The method.</param>
    /// <param name="variant">A variant of it, as it was published: what the model folder says is then passed over. Null for none.</param>
    /// <exception cref="InputException">
    /// There is no such method or variant, or the model folder's file is not as it should be.
    /// </exception>
    public EditSettings SettingsFor(string method = EditorCatalog.Default, string? variant = null)
    {
        if (variant is not null) return EditorCatalog.Named(method).SettingsFor(Model.Config, variant);
        EditSettings settings = Defaults.SettingsFor(method, Model.Config);
        return (settings, StoreFirst(method)) switch // all neurons of a store's method sit beside one block
        {
            (IReVaSettings plain, IReVaSettings first) => plain with { Layer = first.Layer },
            (ScopedSettings scoped, ScopedSettings first) => scoped with { Layer = first.Layer },
            _ => settings,
        };
    }

    private EditSettings? StoreFirst(string method) => store is null ? null : queue.Run(() => store.FirstSettings(method));

    /// <summary>Requests as tokens; nothing is taught before all of them are known to be usable.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="rules">What is done to their texts before; null for the usual rules.</param>
    /// <param name="leaveOut">Told of those that are unusable, which are then left out; null refuses all requests because of one.</param>
    /// <exception cref="InputException">Some are blank or too long; the first is told.</exception>
    public IReadOnlyList<TokenizedRequest> Tokenize(
        IReadOnlyList<EditRequest> requests, TextRules? rules = null, Action<EditRequest, InputException>? leaveOut = null)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var tokenized = new List<TokenizedRequest>(requests.Count);
        InputException? first = null;
        int unusable = 0, firstAt = 0;
        for (int i = 0; i < requests.Count; i++)
        {
            try
            {
                tokenized.Add(TokenizedRequest.Of(Tokenizer, requests[i], Model.Config.NPositions, rules));
            }
            catch (InputException e)
            {
                if (leaveOut is not null) leaveOut(requests[i], e);
                else if (unusable++ == 0) (first, firstAt) = (e, i);
            }
        }

        if (first is null) return tokenized;
        if (requests.Count == 1) throw first;
        throw new InputException(
            $"{unusable} of {requests.Count} records cannot be taught, the first is record {firstAt} (counted from 0): {first.Message}",
            "nothing was stored; mend them or leave them out.", first);
    }

    /// <summary>
    /// Teaches what the store lacks of some requests, portion by portion. Each portion is one transaction: whatever stops the run, what
    /// was stored stays, and the next run goes on where this one ended with the result an undisturbed one would have had. All of them are
    /// one change, which one undo takes back, unless others change the store meanwhile.
    /// </summary>
    /// <param name="requests">The requests.</param>
    /// <param name="settings">How; its method makes them.</param>
    /// <param name="options">What else there is to say; null for nothing.</param>
    /// <param name="progress">Told how many edits of how many are done.</param>
    /// <param name="cancellation">Ends the run; the portion in hand is dropped.</param>
    /// <returns>What was done, also where the run ended early.</returns>
    /// <exception cref="InputException">The settings do not go with the store, or the very first portion fails.</exception>
    public TeachingReport Teach(
        IReadOnlyList<TokenizedRequest> requests, EditSettings settings, TeachingOptions? options = null,
        IProgress<Step>? progress = null, CancellationToken cancellation = default) => queue.Run(() =>
        {
            long start = Stopwatch.GetTimestamp();
            options ??= new TeachingOptions();
            settings = WithNet(settings, options.NetFile);
            Bind(Store, settings);
            requests = WithSubjects(requests, settings);
            IEditor editor = EditorCatalog.Named(settings.Method);
            TeachingPlan plan = TeachingPlan.For(Store, requests, options.OnConflict, options.Again);
            IReadOnlyList<TokenizedRequest> missing = Share(plan.Missing, requests, options.Share);
            EditedModel soFar = edited ?? EditorCatalog.Apply(Unedited, plan.Known);
            TeachingConflict[] conflicts = [.. plan.Conflicts, .. OtherWordings(soFar, missing, plan.Known, cancellation)];
            (ILookup<TokenizedRequest, Edit> doomed, conflicts) = Decide(conflicts, options.OnConflict);
            if (doomed.Count > 0) // what is going to be superseded takes no part
            {
                HashSet<long> ids = [.. doomed.SelectMany(of => of).Select(edit => edit.Id)];
                soFar = EditorCatalog.Apply(Unedited, [.. plan.Known.Where(edit => !ids.Contains(edit.Id))]);
            }

            edited = null;
            var added = new List<Edit>();
            var superseded = new List<(Edit Old, Edit New)>();
            int done = 0, skipped = requests.Count - plan.Missing.Count;
            InputException? failure = null;
            HashSet<long> known = [.. plan.Known.Select(edit => edit.Id)];
            bool isAlone = true, isDone = false;
            var context = new TeachingContext
            {
                Tokenizer = tokenizer,
                BosId = Tokenizer.BosId,
                EosId = Tokenizer.EosId,
                Prompts = plan.Prompts,
                Facts = plan.Facts,
                Traces = TracesIn(options.TraceFolder),
                StatisticsFolder = options.StatisticsFolder,
                NetFile = options.NetFile ?? PlaceOfNet(settings.Method),
                Model = Fingerprint,
                IsSequential = options.IsSequential,
                Cancellation = cancellation,
            };
            try
            {
                foreach (IReadOnlyList<TokenizedRequest> portion in editor.Batches(missing, settings, context))
                {
                    cancellation.ThrowIfCancellationRequested();
                    using BufferScope scope = device.Scope();
                    IReadOnlyList<Edit> taught = Finite(editor.Teach(portion, soFar, settings, context));
                    files.RequireUnwritten();
                    var newcomers = new List<(int At, Edit Edit)>(); // other processes' edits, stored while this portion was taught
                    IReadOnlyList<TaughtEdit> stored = Store.AddOnce(
                        taught, options.Reason, [.. portion.Select(request => doomed[request].Select(old => old.Id).ToArray())],
                        (i, others) => TakeOver(portion[i], others, known, options.OnConflict, old => newcomers.Add((i, old))),
                        continues: added.Count > 0 ? Store.OwnChange : null);
                    soFar = editor.Apply(soFar, [.. stored.Select(one => one.Edit)]);
                    known.UnionWith(stored.Select(one => one.Edit.Id));
                    for (int i = 0; i < stored.Count; i++)
                    {
                        isAlone &= stored[i].IsNew && stored[i].Edit.Id == plan.LastId + added.Count + 1;
                        if (!stored[i].IsNew) continue;
                        added.Add(stored[i].Edit with { Parts = Told(stored[i].Edit) });
                        superseded.AddRange(doomed[portion[i]].Select(old => (old, added[^1])));
                        superseded.AddRange(newcomers.Where(pair => pair.At == i).Select(pair => (pair.Edit, added[^1])));
                    }

                    skipped += stored.Count(one => !one.IsNew); // another process has stored the same fact meanwhile
                    done += portion.Count;
                    progress?.Report(new Step("Teaching", "edits", done, missing.Count));
                }

                edited = isAlone ? soFar : null; // folded anew where others have added to the store
                isDone = true;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // The edits in hand were not stored: nothing of them is left.
            }
            catch (InputException e) when (added.Count > 0)
            {
                failure = e;
            }

            return new TeachingReport(added, skipped, missing.Count - done, Stopwatch.GetElapsedTime(start).TotalSeconds, Store.Path)
            {
                FirstNotDone = done < missing.Count ? missing[done].Request : null,
                OtherwiseMade = [.. plan.There.Where(edit => edit.Settings != settings)],
                Silent = plan.Silent,
                Refused = plan.Removed,
                Overtaken = [.. plan.Overtaken.Select(request => request.Request)],
                Superseded = superseded,
                Conflicts = conflicts,
                Answers = options.Check && isDone ? AnswersUnlessCancelled(added, progress, cancellation) : [],
                IsUnasked = options.Check && isDone && added.Count > 0 && cancellation.IsCancellationRequested,
                Failure = failure,
            };

            // Vectors are in the store and at work; of a long run's edits only what tells about training is kept.
            static EditPart[] Told(Edit edit) => [.. edit.Parts.Where(part => part.Name == EditPart.Losses)];
        });

    /// <summary>What is stored is stored, whether or not there is time to ask for it.</summary>
    private IReadOnlyList<CheckedAnswer> AnswersUnlessCancelled(
        IReadOnlyList<Edit> added, IProgress<Step>? progress, CancellationToken cancellation)
    {
        try
        {
            return AnswersOf(added, withParaphrases: false, progress, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return [];
        }
    }

    /// <summary>Edits whose training has not run away.</summary>
    /// <exception cref="InputException">It has.</exception>
    private static IReadOnlyList<Edit> Finite(IReadOnlyList<Edit> taught) =>
        taught.FirstOrDefault(edit => edit.FinalLoss is { } loss && !double.IsFinite(loss)) is not { } lost ? taught
            : throw new InputException(
                $"Teaching {Quoted.Text(lost.Request.Prompt)} has run away: its loss is no number in the end.",
                "a smaller learning rate or scale may help.");

    /// <summary>Which edits of the same prompt a new one takes over from that were not there when the run began.</summary>
    /// <exception cref="InputException">There are some, and conflicts shall be refused.</exception>
    private static long[] TakeOver(
        TokenizedRequest request, IReadOnlyList<Edit> others, HashSet<long> known, ConflictPolicy policy, Action<Edit> told)
    {
        Edit[] newcomers = [.. others.Where(edit => !known.Contains(edit.Id))];
        (ILookup<TokenizedRequest, Edit> superseded, _) =
            Decide([.. newcomers.Select(edit => new TeachingConflict(request, edit, IsSamePrompt: true))], policy);
        foreach (Edit old in superseded[request]) told(old);
        return [.. superseded[request].Select(old => old.Id)];
    }

    private static IReadOnlyList<TokenizedRequest> Share(
        IReadOnlyList<TokenizedRequest> missing, IReadOnlyList<TokenizedRequest> all, (int Portion, int Of)? share)
    {
        if (share is not { } one) return missing;
        long first = (one.Portion - 1L) * all.Count / one.Of, end = (long)one.Portion * all.Count / one.Of;
        HashSet<TokenizedRequest> own = [.. all.Skip((int)first).Take((int)(end - first))];
        return [.. missing.Where(own.Contains)];
    }

    /// <summary>Facts whose prompts edits of the store answer otherwise although they were taught on other ones.</summary>
    private static IEnumerable<TeachingConflict> OtherWordings(
        EditedModel soFar, IReadOnlyList<TokenizedRequest> requests, IReadOnlyList<Edit> known, CancellationToken cancellation)
    {
        if (!soFar.Keyed.Any()) yield break;
        Dictionary<long, Edit> byId = known.ToDictionary(edit => edit.Id);
        IReadOnlyList<Firing>[] claims = PromptClaims.Of(soFar, [.. requests.Select(request => request.Tokens.Prompt)], cancellation);
        for (int i = 0; i < claims.Length; i++)
        {
            foreach (long id in claims[i].Where(claim => !claim.IsWithdrawn && claim.Part == 0).Select(claim => claim.Edit).Distinct())
            {
                Edit old = byId[id];
                bool isSame = old.PromptTokens.SequenceEqual(requests[i].Tokens.Prompt);
                if (!isSame && !old.TargetTokens.SequenceEqual(requests[i].Tokens.Target))
                    yield return new TeachingConflict(requests[i], old, IsSamePrompt: false);
            }
        }
    }

    /// <summary>Which edits are superseded, and which conflicts stay.</summary>
    /// <exception cref="InputException">There are conflicts, and they shall be refused.</exception>
    private static (ILookup<TokenizedRequest, Edit> Superseded, TeachingConflict[] Left) Decide(
        TeachingConflict[] conflicts, ConflictPolicy policy)
    {
        if (policy == ConflictPolicy.Refuse && conflicts is [var first, ..])
        {
            string more = conflicts.Length == 1 ? "" : $" There are {conflicts.Length} such conflicts.";
            throw new InputException(
                $"Nothing was taught: edit {first.Edit.Id} answers {Quoted.Text(first.Request.Request.Prompt)} with "
                    + Quoted.Text(first.Edit.Request.Target)
                    + (first.IsSamePrompt ? "." : ", as another wording of its own prompt.") + more,
                "supersede or keep those edits, or withdraw them first.");
        }

        bool isDecided(TeachingConflict conflict) => !EditorCatalog.IsOfBatch(conflict.Edit)
            && (policy == ConflictPolicy.Supersede || (policy == ConflictPolicy.SupersedeSamePrompt && conflict.IsSamePrompt));
        return (
            conflicts.Where(isDecided).ToLookup(conflict => conflict.Request, conflict => conflict.Edit),
            [.. conflicts.Where(conflict => !isDecided(conflict))]);
    }

    private TraceFolder? TracesIn(string? path) => path is null ? null : new TraceFolder(path, Model, VerifiedFingerprint.Weights);
}
