using System.Diagnostics;
using Sharpformer.Editing;
using Sharpformer.Editing.Methods.IReVa;
using Sharpformer.Editing.Store;
using Sharpformer.Tensors;
using Sharpformer.Transformer;

namespace Sharpformer;

/// <content>Teaching.</content>
public sealed partial class Session
{
    /// <summary>The settings of a method for this model, beside what the store has already.</summary>
    /// <param name="method">The method.</param>
    /// <exception cref="InputException">There is no such method.</exception>
    public EditSettings SettingsFor(string method = EditorCatalog.Default)
    {
        EditSettings settings = EditorCatalog.Named(method).SettingsFor(Model.Config);
        return settings is IReVaSettings ireva && StoreFirst(method) is IReVaSettings first ? ireva with { Layer = first.Layer } : settings;

        EditSettings? StoreFirst(string name) => store is null ? null : queue.Run(() => store.FirstSettings(name));
    }

    /// <summary>Requests as tokens; nothing is taught before all of them are known to be usable.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="rules">What is done to their texts before; null for the usual rules.</param>
    /// <exception cref="InputException">Some are blank or too long; the first is told.</exception>
    public IReadOnlyList<TokenizedRequest> Tokenize(IReadOnlyList<EditRequest> requests, TextRules? rules = null)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var tokenized = new TokenizedRequest[requests.Count];
        InputException? first = null;
        int unusable = 0, firstAt = 0;
        for (int i = 0; i < tokenized.Length; i++)
        {
            try
            {
                tokenized[i] = TokenizedRequest.Of(Tokenizer, requests[i], Model.Config.NPositions, rules);
            }
            catch (InputException e)
            {
                if (unusable++ == 0) (first, firstAt) = (e, i);
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
    /// was stored stays, and the next run goes on where this one ended with the result an undisturbed one would have had.
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
            Store.Bind(Fingerprint, Model.Config.NEmbd, settings);
            IEditor editor = EditorCatalog.Named(settings.Method);
            TeachingPlan plan = TeachingPlan.For(Store, requests, settings);
            EditedModel soFar = edited ?? EditorCatalog.Apply(Model, plan.Known);
            edited = null;
            var added = new List<Edit>();
            int done = 0, skipped = requests.Count - plan.Missing.Count;
            InputException? failure = null;
            var context = new TeachingContext
            {
                Tokenizer = tokenizer,
                BosId = Tokenizer.BosId,
                EosId = Tokenizer.EosId,
                Prompts = plan.Prompts,
                Traces = TracesIn(options.TraceFolder),
                StatisticsFolder = options.StatisticsFolder,
                Model = Fingerprint,
                IsSequential = options.IsSequential,
                Cancellation = cancellation,
            };
            try
            {
                foreach (IReadOnlyList<TokenizedRequest> portion in editor.Batches(plan.Missing, settings, context))
                {
                    cancellation.ThrowIfCancellationRequested();
                    using BufferScope scope = device.Scope();
                    IReadOnlyList<TaughtEdit> stored = Store.AddOnce(editor.Teach(portion, soFar, settings, context), options.Reason);
                    soFar = editor.Apply(soFar, [.. stored.Select(taught => taught.Edit)]);
                    added.AddRange(stored.Where(taught => taught.IsNew).Select(taught => taught.Edit with { Parts = Told(taught.Edit) }));
                    skipped += stored.Count(taught => !taught.IsNew); // another process has stored the same fact meanwhile
                    done += portion.Count;
                    progress?.Report(new Step("Teaching", "edits", done, plan.Missing.Count));
                }

                edited = soFar;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // The edits in hand were not stored: nothing of them is left.
            }
            catch (InputException e) when (added.Count > 0)
            {
                failure = e;
            }

            return new TeachingReport(added, skipped, plan.Missing.Count - done, Stopwatch.GetElapsedTime(start).TotalSeconds, Store.Path)
            {
                FirstNotDone = done < plan.Missing.Count ? plan.Missing[done].Request : null,
                OtherwiseMade = plan.OtherwiseMade,
                Contradicted = plan.Contradicted,
                Failure = failure,
            };

            // Vectors are in the store and at work; of a long run's edits only what tells about training is kept.
            static EditPart[] Told(Edit edit) => [.. edit.Parts.Where(part => part.Name == EditPart.Losses)];
        });

    private TraceFolder? TracesIn(string? path) => path is null ? null : new TraceFolder(path, Model, Fingerprint.Weights);
}
